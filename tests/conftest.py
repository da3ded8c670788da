import sys
from pathlib import Path

import pytest

from bookkit import seed

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def tiny():
    """The seed's config with small sizes, all distinct; a function that changes it."""
    sizes = {
        "vocab_size": 97,
        "hidden_size": 48,
        "intermediate_size": 80,
        "num_hidden_layers": 4,
        "num_attention_heads": 6,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "eos_token_id": 5,
        "bos_token_id": 1,
    }
    return lambda **changes: seed.CONFIG | sizes | changes
