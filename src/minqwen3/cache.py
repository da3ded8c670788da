"""The keys and values of positions already seen, so that they are computed once."""

import torch
from torch import Tensor


class KVCache:
    """Keys and values of every layer, K key/value heads, H dimensions each.

    Without ``max_length`` it grows by concatenation, as transformers' ``DynamicCache``
    does. With it, every layer's storage is made once, when the layer is first used, and
    written in place; training through it is then not possible.

    A forward pass writes behind ``length`` and the model moves ``length`` on when all
    layers are done: a pass that was interrupted leaves the cache as it was.

    Args:
        max_length: positions that the cache can hold; ``None`` lets it grow.
    """

    def __init__(self, max_length: int | None = None):
        if max_length is not None and (type(max_length) is not int or max_length < 1):
            raise ValueError(
                f"max_length: expected a whole number above 0, got {max_length!r}"
            )
        self.max_length = max_length
        self.length = 0
        self._keys: dict[int, Tensor] = {}
        self._values: dict[int, Tensor] = {}

    @property
    def batch_size(self) -> int | None:
        """Rows that the cache holds; ``None`` while it is empty."""
        return self._keys[0].shape[0] if self.length else None

    @property
    def nbytes(self) -> int:
        """Bytes of the positions held, all layers, keys and values."""
        tensors = [*self._keys.values(), *self._values.values()]
        return sum(t[:, :, : self.length].numel() * t.element_size() for t in tensors)

    def layer(self, layer_idx: int) -> tuple[Tensor, Tensor]:
        """The keys and values that a layer holds, each (B, K, length, H).

        Raises:
            KeyError: the layer has none yet.
        """
        stores = self._keys, self._values
        return tuple(store[layer_idx][:, :, : self.length] for store in stores)

    def check_room(self, batch: int, new: int) -> None:
        """Raise ``ValueError`` where ``new`` more positions do not fit."""
        if self.batch_size not in (None, batch):
            raise ValueError(
                f"cache: holds {self.batch_size} rows, the input has {batch}; "
                "use a new cache for a new batch"
            )
        if self.max_length is not None and self.length + new > self.max_length:
            raise ValueError(
                f"cache: {self.length} of {self.max_length} positions are taken and "
                f"{new} more do not fit; make a KVCache with a larger max_length"
            )

    def update(
        self, layer_idx: int, k_BKTH: Tensor, v_BKTH: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Add a layer's new keys and values; return all, each (B, K, length + T, H)."""
        self.check_room(k_BKTH.shape[0], k_BKTH.shape[2])
        k_BKSH = self._append(self._keys, layer_idx, k_BKTH)
        v_BKSH = self._append(self._values, layer_idx, v_BKTH)
        return k_BKSH, v_BKSH

    def _append(self, store: dict[int, Tensor], layer_idx: int, new: Tensor) -> Tensor:
        end = self.length + new.shape[2]
        if self.max_length is None:
            old = store.get(layer_idx)
            old = new[:, :, :0] if old is None else old[:, :, : self.length]
            store[layer_idx] = torch.cat((old, new), dim=2)
            return store[layer_idx]
        if self.length == 0:
            B, K, _, H = new.shape
            store[layer_idx] = new.new_empty(B, K, self.max_length, H)
        store[layer_idx][:, :, self.length : end] = new
        return store[layer_idx][:, :, :end]

    def advance(self, new: int) -> None:
        """Count ``new`` positions as held, after the last layer's update."""
        self.length += new
