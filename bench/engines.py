"""The programs that are compared: each runs Qwen3 from a folder in Hugging Face's form.

An engine has a cache of one text. ``step`` takes its next tokens and gives the logits
after the last of them; ``fill`` puts random keys and values into an empty cache, since
a decode step takes the same time whatever they are. ``logits`` is a forward pass with
gradients, without a cache, for a step of training; an engine that cannot train has
none. ``prepare`` writes what an engine needs beside the folder, before it is timed.
"""

import json
from pathlib import Path

import torch
from torch import Tensor


def weights(folder: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    tensors = load_file(folder / "model.safetensors")
    return {"lm_head.weight": tensors["model.embed_tokens.weight"]} | tensors


class Engine:
    def __init__(self, folder: Path, dtype: torch.dtype, room: int):
        self.config = json.loads((folder / "config.json").read_text())
        self.dtype, self.room = dtype, room
        self.load(folder)
        self.reset()

    @staticmethod
    def prepare(folder: Path):
        pass

    def numbers(self) -> int:
        return sum(p.numel() for p in self.model.parameters())

    def random_keys_and_values(self, length: int) -> list[tuple[Tensor, Tensor]]:
        c = self.config
        shape = (1, c["num_key_value_heads"], length, c["head_dim"])
        draw = [torch.randn(shape, dtype=self.dtype) for _ in range(2)]
        return c["num_hidden_layers"] * [draw]


class Minqwen3(Engine):
    kernels = True

    def load(self, folder):
        from minqwen3 import Qwen3ForCausalLM
        from minqwen3.kernels import use_kernels

        self.model = Qwen3ForCausalLM.from_pretrained(folder, self.dtype)
        if self.kernels:
            use_kernels(self.model)

    def reset(self):
        from minqwen3 import KVCache

        self.cache = KVCache(self.room)

    def step(self, ids):
        return self.model(ids, cache=self.cache, logits_to_keep=1)[:, -1]

    def fill(self, length):
        for i, pair in enumerate(self.random_keys_and_values(length)):
            self.cache.update(i, *pair)
        self.cache.advance(length)

    def logits(self, ids):
        return self.model(ids)


class Plain(Minqwen3):
    kernels = False


class Transformers(Engine):
    attention = "sdpa"

    def load(self, folder):
        from transformers import Qwen3ForCausalLM

        self.model = Qwen3ForCausalLM.from_pretrained(
            folder, dtype=self.dtype, attn_implementation=self.attention
        ).eval()

    def reset(self):
        from transformers import DynamicCache

        self.cache = DynamicCache(config=self.model.config)

    def step(self, ids):
        out = self.model(ids, past_key_values=self.cache, logits_to_keep=1)
        return out.logits[:, -1]

    def fill(self, length):
        for i, pair in enumerate(self.random_keys_and_values(length)):
            self.cache.update(*pair, i)

    def logits(self, ids):
        return self.model(ids, use_cache=False).logits


class TransformersEager(Transformers):
    attention = "eager"


class LLMsFromScratch(Engine):
    def load(self, folder):
        from llms_from_scratch.kv_cache.qwen3 import Qwen3Model, load_weights_into_qwen

        self.build(folder, Qwen3Model, load_weights_into_qwen)

    def build(self, folder, model, load_weights):
        c = self.config
        config = dict(
            vocab_size=c["vocab_size"],
            context_length=c["max_position_embeddings"],
            emb_dim=c["hidden_size"],
            n_heads=c["num_attention_heads"],
            n_layers=c["num_hidden_layers"],
            hidden_dim=c["intermediate_size"],
            head_dim=c["head_dim"],
            qk_norm=True,
            n_kv_groups=c["num_key_value_heads"],
            rope_base=c["rope_theta"],
            dtype=self.dtype,
        )
        self.model = model(config)
        tensors = {n: t.to(self.dtype) for n, t in weights(folder).items()}
        load_weights(self.model, config, tensors)
        self.model.eval()

    def reset(self):
        from llms_from_scratch.kv_cache.utils import KVCache

        self.cache = KVCache(self.config["num_hidden_layers"])
        self.model.reset_kv_cache()

    def step(self, ids):
        return self.model(ids, self.cache)[:, -1]

    def fill(self, length):
        for i, pair in enumerate(self.random_keys_and_values(length)):
            self.cache.update(i, pair)
        self.model.current_pos = length

    def logits(self, ids):
        return self.model(ids)


class ReasoningFromScratch(LLMsFromScratch):
    """Its ``qwen3_optimized``: sdpa and a cache made at once."""

    def load(self, folder):
        from reasoning_from_scratch import qwen3_optimized as theirs

        self.build(folder, theirs.Qwen3Model, theirs.load_hf_weights_into_qwen)

    def reset(self):
        from reasoning_from_scratch.qwen3_optimized import KVCache

        c = self.config
        layers, heads = c["num_hidden_layers"], c["num_key_value_heads"]
        sizes = (layers, self.room, heads, c["head_dim"])
        self.cache = KVCache(*sizes, "cpu", self.dtype)
        self.model.reset_kv_cache()

    def fill(self, length):
        for i, pair in enumerate(self.random_keys_and_values(length)):
            self.cache.allocate(i, 1)
            self.cache.append(i, *pair)
        self.model.current_pos = length


class LitGPT(Engine):
    def load(self, folder):
        from litgpt import GPT, Config
        from litgpt.scripts.convert_hf_checkpoint import copy_weights_qwen_3

        c = self.config
        config = Config.from_name(  # whose other sizes are Qwen3-0.6B's, as here
            "Qwen3-0.6B",
            n_layer=c["num_hidden_layers"],
            padded_vocab_size=c["vocab_size"],
            block_size=max(self.room, 64),
        )
        tensors, found = weights(folder), {}
        copy_weights_qwen_3(config, {}, found, tensors, dtype=self.dtype)
        with torch.device("meta"):
            self.model = GPT(config)
        self.model.load_state_dict(found, assign=True)
        self.model.cos, self.model.sin = self.model.rope_cache(torch.device("cpu"))
        self.model.lm_head.weight = self.model.transformer.wte.weight
        self.model.max_seq_length = self.room
        self.model.eval()

    def reset(self):
        self.position = 0
        self.model.set_kv_cache(1, dtype=self.dtype, device=torch.device("cpu"))

    def step(self, ids):
        start, self.position = self.position, self.position + ids.shape[1]
        positions = torch.arange(start, self.position)
        out = self.model(ids, positions, input_pos_maxp1=self.position)
        return out[:, -1]

    def fill(self, length):
        pairs = self.random_keys_and_values(length)
        for block, (k, v) in zip(self.model.transformer.h, pairs, strict=True):
            block.attn.kv_cache.k[:, :, :length] = k
            block.attn.kv_cache.v[:, :, :length] = v
        self.position = length

    def logits(self, ids):
        return self.model(ids)


class LlamaCpp(Engine):
    """Has its own form of file, GGUF, with the same numbers in it."""

    types = {torch.float32: 0, torch.bfloat16: 30}  # as GGUF counts them

    @staticmethod
    def prepare(folder):
        path = folder.with_name(f"{folder.name}-gguf") / "model.gguf"
        if path.exists():
            return path
        from gguf import MODEL_ARCH, GGMLQuantizationType, GGUFWriter
        from gguf import get_tensor_name_map as name_map

        c = json.loads((folder / "config.json").read_text())
        path.parent.mkdir(exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        writer = GGUFWriter(unfinished, "qwen3")
        writer.add_tokenizer_model("none")
        writer.add_vocab_size(c["vocab_size"])
        writer.add_context_length(c["max_position_embeddings"])
        writer.add_embedding_length(c["hidden_size"])
        writer.add_feed_forward_length(c["intermediate_size"])
        writer.add_block_count(c["num_hidden_layers"])
        writer.add_head_count(c["num_attention_heads"])
        writer.add_head_count_kv(c["num_key_value_heads"])
        writer.add_key_length(c["head_dim"])
        writer.add_value_length(c["head_dim"])
        writer.add_rope_freq_base(c["rope_theta"])
        writer.add_layer_norm_rms_eps(c["rms_norm_eps"])
        names = name_map(MODEL_ARCH.QWEN3, c["num_hidden_layers"])
        tensors = weights(folder)
        del tensors["lm_head.weight"]  # tied
        for name, tensor in tensors.items():
            if tensor.ndim == 1:  # llama.cpp wants the norms' weights in fp32
                tensor = tensor.float()
            writer.add_tensor(
                names.get_name(name, [".weight"]),
                tensor.view(torch.uint8).numpy(),
                raw_dtype=GGMLQuantizationType(LlamaCpp.types[tensor.dtype]),
            )
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return unfinished.replace(path)

    def load(self, folder):
        from llama_cpp import Llama

        self.model = Llama(
            str(self.prepare(folder)),
            n_ctx=self.room,
            n_threads=torch.get_num_threads(),
            n_threads_batch=torch.get_num_threads(),
            type_k=self.types[self.dtype],  # its usual cache is fp16
            type_v=self.types[self.dtype],
            verbose=False,
        )

    def reset(self):
        self.model.reset()

    def step(self, ids):
        from llama_cpp import llama_get_logits_ith
        from numpy.ctypeslib import as_array

        self.model.eval(ids[0].tolist())
        found = llama_get_logits_ith(self.model.ctx, -1)
        return torch.tensor(as_array(found, (1, self.model.n_vocab())))

    def fill(self, length):  # keys and values have no way in but by tokens
        self.step(torch.randint(self.config["vocab_size"], (1, length)))

    def numbers(self):
        from llama_cpp import llama_model_n_params

        return llama_model_n_params(self.model.model)


ENGINES = {
    "transformers": Transformers,
    "minqwen3": Minqwen3,
    "minqwen3 without kernels": Plain,
    "transformers, eager": TransformersEager,
    "llms-from-scratch": LLMsFromScratch,
    "reasoning-from-scratch": ReasoningFromScratch,
    "litgpt": LitGPT,
    "llama.cpp": LlamaCpp,
}
