"""Random bits, eight to a byte, and 64 to an int64: what bipolar and binary vectors are made of."""

from __future__ import annotations

import torch
from torch import Tensor

from vsa.algebras.checks import readable


def random_words(n: int, words: int, generator: torch.Generator | None, device: torch.device | str | None) -> Tensor:
    """n rows of random 64-bit words, int64 [n, words]."""
    return torch.empty(n, words, dtype=torch.int64, device=device).random_(-(2**63), None, generator=generator)


def fixed_words(words: int, device: torch.device) -> Tensor:
    """The same random 64-bit words every time, int64 [words]: a hash of the place of each half, so that nothing has to be kept.

    No product is beyond 63 bits, for compilers assume that signed integers do not overflow.
    """
    x = torch.arange(1, 2 * words + 1, device=device)
    for factor in (0x7FEB352D, 0x6CA68B6B, 0x45D9F3B):
        x = (x * factor) & 0xFFFFFFFF
        x = x ^ (x >> 16)
    low, high = x.view(-1, 2).unbind(-1)
    return (high << 32) | low


def bits_of(words: Tensor, zero: float, one: float, dtype: torch.dtype) -> Tensor:
    """[*batch, words] to [*batch, 64 * words]: bit j of word i is element 64 i + j, and is written as `zero` or `one`."""
    key = zero, one, dtype, words.device
    if torch.compiler.is_compiling():
        table = _table(*key)
    elif (table := _tables.get(key)) is None:
        table = _tables[key] = _table(*key)
    if readable(words):
        copy = words.clone(memory_format=torch.contiguous_format)  # contiguous() keeps the strides of a single word
        rows = copy.view(torch.uint8).int()
    else:  # torch.vmap views no dtypes before 2.8
        rows = (words.unsqueeze(-1) >> torch.arange(0, 64, 8, device=words.device)) & 255
    return table.index_select(0, rows.flatten()).view(*words.shape[:-1], 64 * words.shape[-1])


def words_of(bits: Tensor) -> Tensor:
    """bool [*batch, 64 * words] to int64 [*batch, words]: what ``bits_of`` undoes."""
    places = torch.ones(64, dtype=torch.int64, device=bits.device) << torch.arange(64, device=bits.device)
    return (bits.unflatten(-1, (-1, 64)) * places).sum(-1)


_tables: dict[tuple[float, float, torch.dtype, torch.device], Tensor] = {}  # constants, made when first needed


def _table(zero: float, one: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The eight elements of each byte, [256, 8]."""
    bits = (torch.arange(256, device=device)[:, None] >> torch.arange(8, device=device)) & 1
    return torch.where(bits == 1, one, zero).to(dtype)
