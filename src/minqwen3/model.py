"""The whole of Qwen3, leaves first. Class and parameter names are Hugging Face's.

A name's suffix is its shape: B batch, T query position, S key position, D hidden size,
F intermediate size, N query heads, K key/value heads, H head dimension, V vocabulary.
Source: transformers 5.23, ``models/qwen3/modeling_qwen3.py``, unless a line says else.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .cache import KVCache
from .checkpoint import from_pretrained, save_pretrained
from .checks import check_attention, check_inputs
from .config import ACTIVATIONS, Qwen3Config
from .generate import generate
from .init import init_weights
from .rope import yarn_frequencies


class Qwen3RMSNorm(nn.Module):
    """Give every vector a root mean square of one, then scale it by a learned gain."""

    def __init__(self, hidden_size: int, eps: float = 1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(hidden_size))
        self.variance_epsilon = eps

    def forward(self, x: Tensor) -> Tensor:
        x32 = x.float()
        variance = x32.pow(2).mean(-1, keepdim=True)
        x32 = x32 * torch.rsqrt(variance + self.variance_epsilon)
        return self.weight * x32.to(x.dtype)  # cast back first: the gain is not in fp32

    def extra_repr(self) -> str:
        return f"{tuple(self.weight.shape)}, eps={self.variance_epsilon}"


class Qwen3RotaryEmbedding(nn.Module):
    """Turn positions into the cosines and sines that rotate queries and keys."""

    def __init__(self, config: Qwen3Config):
        super().__init__()
        self.config = config
        inv_freq, self.attention_scaling = self.frequencies()
        self.register_buffer("inv_freq", inv_freq, persistent=False)

    def frequencies(self) -> tuple[Tensor, float]:
        theta, dim = self.config.rope_theta, self.config.head_dim
        if self.config.rope_type == "yarn":
            return yarn_frequencies(self.config)
        return 1.0 / theta ** (torch.arange(0, dim, 2).float() / dim), 1.0

    def _apply(self, fn, recurse=True):  # .to(bfloat16) must leave inv_freq in fp32
        super()._apply(fn, recurse)
        self.inv_freq = self.frequencies()[0].to(self.inv_freq.device)
        return self

    def forward(self, x_BTD: Tensor, position_ids_BT: Tensor) -> tuple[Tensor, Tensor]:
        angles = position_ids_BT[..., None].float() * self.inv_freq
        angles_BTH = torch.cat((angles, angles), dim=-1)
        cos_BTH = angles_BTH.cos() * self.attention_scaling
        sin_BTH = angles_BTH.sin() * self.attention_scaling
        return cos_BTH.to(x_BTD.dtype), sin_BTH.to(x_BTD.dtype)


def rotate_half(x: Tensor) -> Tensor:
    """Turn every pair (i, i + H/2) by a quarter: halves (a, b) become (-b, a)."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((-b, a), dim=-1)


def apply_rotary_pos_emb(q_BNTH, k_BKTH, cos_BTH, sin_BTH) -> tuple[Tensor, Tensor]:
    """Turn every pair of a query or key by the angle of its position."""
    cos, sin = cos_BTH.unsqueeze(1), sin_BTH.unsqueeze(1)
    q_BNTH = q_BNTH * cos + rotate_half(q_BNTH) * sin
    k_BKTH = k_BKTH * cos + rotate_half(k_BKTH) * sin
    return q_BNTH, k_BKTH


def repeat_kv(x_BKSH: Tensor, n_rep: int) -> Tensor:
    """Give every query head its key/value head: a repeat_interleave over the heads."""
    return x_BKSH[:, :, None].expand(-1, -1, n_rep, -1, -1).flatten(1, 2)


def eager_attention(module, q_BNTH, k_BKSH, v_BKSH, allowed_BTS) -> Tensor:
    """Attend in the open: every score is there to be looked at."""
    k_BNSH = repeat_kv(k_BKSH, module.num_key_value_groups)
    v_BNSH = repeat_kv(v_BKSH, module.num_key_value_groups)
    scores_BNTS = q_BNTH @ k_BNSH.transpose(2, 3) * module.scaling
    lowest = torch.finfo(q_BNTH.dtype).min
    scores_BNTS = scores_BNTS.masked_fill(~allowed_BTS[:, None], lowest)
    probs_BNTS = F.softmax(scores_BNTS, dim=-1, dtype=torch.float32).to(q_BNTH.dtype)
    probs_BNTS = F.dropout(probs_BNTS, module.attention_dropout, module.training)
    return probs_BNTS @ v_BNSH


def sdpa_attention(module, q_BNTH, k_BKSH, v_BKSH, allowed_BTS) -> Tensor:
    """Attend in one fused call that never stores the scores."""
    mask = None if allowed_BTS is None else allowed_BTS[:, None]
    causal = mask is None and q_BNTH.shape[2] > 1  # a single query may read every key
    dropout = module.attention_dropout if module.training else 0.0
    qkv, options = (q_BNTH, k_BKSH, v_BKSH), dict(scale=module.scaling, enable_gqa=True)
    return F.scaled_dot_product_attention(*qkv, mask, dropout, causal, **options)


class Qwen3Attention(nn.Module):
    """Let every position read from the positions before it."""

    def __init__(self, config: Qwen3Config, layer_idx: int, attn_implementation="sdpa"):
        super().__init__()
        D, H, eps = config.hidden_size, config.head_dim, config.rms_norm_eps
        N, K = config.num_attention_heads, config.num_key_value_heads
        self.layer_idx, self.head_dim, self.num_key_value_groups = layer_idx, H, N // K
        self.scaling, self.attention_dropout = H**-0.5, config.attention_dropout
        eager = attn_implementation == "eager"
        self.attend = eager_attention if eager else sdpa_attention
        self.q_proj = nn.Linear(D, N * H, bias=config.attention_bias)
        self.k_proj = nn.Linear(D, K * H, bias=config.attention_bias)
        self.v_proj = nn.Linear(D, K * H, bias=config.attention_bias)
        self.o_proj = nn.Linear(N * H, D, bias=config.attention_bias)
        self.q_norm = Qwen3RMSNorm(H, eps)
        self.k_norm = Qwen3RMSNorm(H, eps)

    def forward(self, x_BTD, rotary, allowed_BTS=None, cache=None) -> Tensor:
        heads = (*x_BTD.shape[:2], -1, self.head_dim)
        q_BNTH = self.q_norm(self.q_proj(x_BTD).view(heads)).transpose(1, 2)
        k_BKTH = self.k_norm(self.k_proj(x_BTD).view(heads)).transpose(1, 2)
        v_BKTH = self.v_proj(x_BTD).view(heads).transpose(1, 2)
        q_BNTH, k_BKTH = apply_rotary_pos_emb(q_BNTH, k_BKTH, *rotary)
        k_BKSH, v_BKSH = k_BKTH, v_BKTH
        if cache is not None:
            k_BKSH, v_BKSH = cache.update(self.layer_idx, k_BKTH, v_BKTH)
        out_BNTH = self.attend(self, q_BNTH, k_BKSH, v_BKSH, allowed_BTS)
        return self.o_proj(out_BNTH.transpose(1, 2).flatten(2))


class Qwen3MLP(nn.Module):
    """Transform every position by itself: a gate decides what passes."""

    def __init__(self, config: Qwen3Config):
        super().__init__()
        D, wide = config.hidden_size, config.intermediate_size
        self.gate_proj = nn.Linear(D, wide, bias=False)
        self.up_proj = nn.Linear(D, wide, bias=False)
        self.down_proj = nn.Linear(wide, D, bias=False)
        self.act_fn = ACTIVATIONS[config.hidden_act]()

    def forward(self, x_BTD: Tensor) -> Tensor:
        h_BTF = self.act_fn(self.gate_proj(x_BTD)) * self.up_proj(x_BTD)
        return self.down_proj(h_BTF)


class Qwen3DecoderLayer(nn.Module):
    """Add to the residual stream twice: what attention read, what the MLP made."""

    def __init__(self, config: Qwen3Config, layer_idx: int, attn_implementation="sdpa"):
        super().__init__()
        D, eps = config.hidden_size, config.rms_norm_eps
        self.self_attn = Qwen3Attention(config, layer_idx, attn_implementation)
        self.mlp = Qwen3MLP(config)
        self.input_layernorm = Qwen3RMSNorm(D, eps)
        self.post_attention_layernorm = Qwen3RMSNorm(D, eps)

    def forward(self, x_BTD, rotary, allowed_BTS=None, cache=None) -> Tensor:
        normed_BTD = self.input_layernorm(x_BTD)
        x_BTD = x_BTD + self.self_attn(normed_BTD, rotary, allowed_BTS, cache)
        return x_BTD + self.mlp(self.post_attention_layernorm(x_BTD))


def causal_mask(B: int, T: int, past: int, window, attention_mask, device) -> Tensor:
    """Say which keys a query may read: not later, in reach, and no padding."""
    k_S = torch.arange(past + T, device=device)
    q_T = k_S[past:]
    allowed_TS = k_S <= q_T[:, None]
    if window is not None:
        allowed_TS = allowed_TS & (k_S > q_T[:, None] - window)
    if attention_mask is None:
        return allowed_TS.expand(B, -1, -1)
    return allowed_TS & attention_mask[:, None].bool()


class Qwen3Model(nn.Module):
    """Embed the ids, pass them through every layer, normalise what comes out."""

    def __init__(self, config: Qwen3Config, attn_implementation: str = "sdpa"):
        super().__init__()
        check_attention(attn_implementation)
        self.config, self.attn_implementation = config, attn_implementation
        V, D = config.vocab_size, config.hidden_size
        self.embed_tokens = nn.Embedding(V, D, config.pad_token_id)
        self.layers = nn.ModuleList()
        for i in range(config.num_hidden_layers):
            self.layers.append(Qwen3DecoderLayer(config, i, attn_implementation))
        self.norm = Qwen3RMSNorm(D, config.rms_norm_eps)
        self.rotary_emb = Qwen3RotaryEmbedding(config)

    def forward(self, input_ids, attention_mask=None, position_ids=None, cache=None):
        check_inputs(self.config, input_ids, attention_mask, position_ids, cache)
        (B, T), past = input_ids.shape, 0 if cache is None else cache.length
        if position_ids is None:
            position_ids = torch.arange(past, past + T, device=input_ids.device)[None]
        x_BTD = self.embed_tokens(input_ids)
        rotary = self.rotary_emb(x_BTD, position_ids.expand(B, T))
        masks = self.masks(B, T, past, attention_mask, input_ids.device)
        for i, layer in enumerate(self.layers):
            x_BTD = layer(x_BTD, rotary, masks[self.config.layer_window(i)], cache)
        if cache is not None:
            cache.advance(T)
        return self.norm(x_BTD)

    def masks(self, B: int, T: int, past: int, attention_mask, device) -> dict:
        """A mask for each window size; None where sdpa is causal without one."""
        windows = {self.config.layer_window(i) for i in range(len(self.layers))}
        plain = self.attn_implementation == "sdpa" and (past == 0 or T == 1)
        plain = plain and all(w is None or past + T <= w for w in windows)
        if plain and (attention_mask is None or attention_mask.all()):
            return dict.fromkeys(windows)
        return {w: causal_mask(B, T, past, w, attention_mask, device) for w in windows}


class Qwen3ForCausalLM(nn.Module):
    """Score every token of the vocabulary as the next one, at every position."""

    from_pretrained = classmethod(from_pretrained)
    save_pretrained = save_pretrained
    generate = generate

    def __init__(self, config: Qwen3Config, attn_implementation: str = "sdpa"):
        super().__init__()
        self.config = config
        self.model = Qwen3Model(config, attn_implementation)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.apply(lambda module: init_weights(module, config.initializer_range))
        self.tie_weights()

    def tie_weights(self) -> None:
        if self.config.tie_word_embeddings:
            self.lm_head.weight = self.model.embed_tokens.weight

    def forward(
        self,
        input_ids: Tensor,  # (B, T)
        attention_mask: Tensor | None = None,  # (B, S): 1 real, 0 padding
        position_ids: Tensor | None = None,  # (B, T) or (1, T)
        cache: KVCache | None = None,
        logits_to_keep: int = 0,  # the last so many positions; 0: all
    ) -> Tensor:
        x_BTD = self.model(input_ids, attention_mask, position_ids, cache)
        return self.lm_head(x_BTD[:, -logits_to_keep:])
