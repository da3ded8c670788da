"""Models to compare: the seed's config, and transformers' twin of a model."""

import torch

from minqwen3 import Qwen3Config, Qwen3ForCausalLM

from . import seed


def seed_config(**changes) -> Qwen3Config:
    """The seed's config with changes; ``**seed.SHRUNK`` gives what printed."""
    return Qwen3Config.from_dict(seed.CONFIG | changes)


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
