"""Models: the printed config, a trained checkpoint, transformers' twin of a model."""

import json
import math

import torch
import torch.nn.functional as F

from minqwen3 import Qwen3Config, Qwen3ForCausalLM, Qwen3Tokenizer, hub, locate

from . import printouts


def qwen3_config(**changes) -> Qwen3Config:
    """The printout's config with changes; ``**printouts.SHRUNK`` gives what printed."""
    return Qwen3Config.from_dict(printouts.CONFIG | changes)


def load(attn_implementation: str = "eager", dtype: torch.dtype = torch.float32):
    """A trained model and its tokenizer: the small checkpoint that is always here.

    Where ``MINQWEN3_CHECKPOINT`` is set, to a folder or to ``Qwen/Qwen3-0.6B``, that
    one. The model is in evaluation mode, in fp32 unless another dtype is asked for.
    """
    folder = locate()
    model = Qwen3ForCausalLM.from_pretrained(folder, dtype, attn_implementation)
    return model, Qwen3Tokenizer.from_pretrained(folder)


def held_out() -> str:
    """The end of a novel, which the small checkpoint was not trained on."""
    return (hub.SMALL / "held_out.txt").read_text(encoding="utf-8")


def training_log() -> list[dict]:
    """The small checkpoint's training, a line every 20 steps.

    Returns:
        dicts with ``step``, ``rate`` (the learning rate), ``norm`` (of the gradient,
        before it is clipped), ``loss`` (the mean since the line before) and ``held``
        (on text that it never trains on); losses in nats per token.
    """
    lines = (hub.SMALL / "training.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def is_trained(model: Qwen3ForCausalLM, tokenizer: Qwen3Tokenizer) -> bool:
    """Whether the model knows anything: its loss on a text is far below a guess's.

    Chapters run on any checkpoint, one with random weights too. What they assert of
    learned behaviour, they assert only where this is true.

    Returns:
        True if the loss on 64 tokens is at least one nat below ``ln(vocab_size)``.
    """
    ids = torch.tensor([tokenizer.encode(held_out()[:1000])[:64]])
    with torch.no_grad():
        loss = F.cross_entropy(model(ids)[0, :-1].float(), ids[0, 1:])
    return loss.item() < math.log(model.config.vocab_size) - 1.0


def twin(model: Qwen3ForCausalLM, attn_implementation: str = "eager"):
    """transformers' model with the config, dtype and the very weights of ``model``.

    The weights are shared, not copied, so that a full-size pair fits in memory.

    Returns:
        A ``transformers.Qwen3ForCausalLM`` in evaluation mode.
    """
    from transformers import Qwen3Config as Config
    from transformers import Qwen3ForCausalLM as Reference

    config = Config.from_dict(model.config.to_dict())
    with torch.device("meta"):  # the dtype comes with the weights
        reference = Reference._from_config(
            config, attn_implementation=attn_implementation
        )
    reference.load_state_dict(model.state_dict(), assign=True)
    reference.tie_weights()
    rotary = type(reference.model.rotary_emb)(config)  # never cast: inv_freq stays fp32
    reference.model.rotary_emb = rotary.to(model.lm_head.weight.device)
    return reference.eval()
