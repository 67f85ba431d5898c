"""PackedBSC: the binary spatter code with 64 elements in each int64, eight times smaller than bool.

Kanerva, "Binary spatter-coding of ordered K-tuples", ICANN 1996.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vsa.algebras.base import weighted_sum
from vsa.algebras.bits import bits_of, fixed_words, random_words, words_of
from vsa.algebras.bsc import BSC, BinarySpatterCode
from vsa.algebras.checks import Device, Generator, refuse_nan
from vsa.errors import RangeError


@dataclass(frozen=True)
class PackedBinarySpatterCode(BinarySpatterCode):
    """BSC on words of 64 bits: ``random(n, dim)`` is int64 [n, dim / 64], and bit j of word i is element 64 i + j.

    All other shapes are those of the words: [*batch, words]. Every verb gives what BSC would give for the same bits.

    Example:
        >>> a, b = PackedBSC.random(2, 1024, generator=torch.Generator().manual_seed(0))
        >>> a.shape, torch.equal(PackedBSC.unbind(PackedBSC.bind(a, b), b), a)
        (torch.Size([16]), True)
    """

    name = "PackedBSC"
    dtype = torch.int64

    def pack(self, bits: Tensor) -> Tensor:
        """int64 [*batch, dim / 64] of BSC's bool [*batch, dim].

        Raises:
            DtypeError, ShapeError, RangeError: they are not vectors of BSC, or dim is not a multiple of 64.

        Example:
            >>> PackedBSC.pack(torch.arange(64) == 3)
            tensor([8])
        """
        BSC._check_vectors("pack", bits)
        self._check_dim("pack", bits.shape[-1])
        return words_of(bits)

    def unpack(self, words: Tensor) -> Tensor:
        """BSC's bool [*batch, dim] of int64 [*batch, dim / 64].

        Raises:
            DtypeError, ShapeError: they are not vectors of PackedBSC.

        Example:
            >>> PackedBSC.unpack(torch.tensor([8])).nonzero()
            tensor([[3]])
        """
        self._check_vectors("unpack", words)
        return bits_of(words, 0, 1, torch.bool)

    def _check_dim(self, verb: str, dim: int) -> int:
        dim = super()._check_dim(verb, dim)
        if dim % 64:
            raise RangeError(f"{verb}: PackedBSC packs 64 elements to a word, so dim must be a multiple of 64; got {dim}")
        return dim

    def _form(self, draw: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
        return draw

    def _draw(self, n: int, dim: int, generator: Generator, device: Device) -> Tensor:
        return random_words(n, dim // 64, generator, device)

    def _identity(self, dim: int, dtype: torch.dtype, device: Device) -> Tensor:
        return torch.zeros(dim // 64, dtype=dtype, device=device)

    def _bundle(self, stack: Tensor, dim: int, weights: Tensor | None) -> Tensor:
        if weights is not None:
            return self._from_sum(weighted_sum(self._to_sum(stack), dim, weights))
        majority, tied = _vote(list(stack.unbind(dim)))
        return majority if tied is None else self._settled(majority, tied)

    def _from_sum(self, total: Tensor) -> Tensor:
        self._check_dim("from_sum", total.shape[-1])
        refuse_nan(total, self.name)
        return self._settled(words_of(total < 0), words_of(total == 0))

    def _coins(self, like: Tensor) -> Tensor:
        return fixed_words(like.shape[-1], like.device)

    def _elements(self, x: Tensor) -> int:
        return 64 * x.shape[-1]

    def _permute(self, x: Tensor, shifts: int) -> Tensor:
        shifts %= self._elements(x)
        words, places = shifts // 64, shifts % 64  # divmod does not compile for sizes that vary
        moved = x.roll(words, -1) if words else x
        if places == 0:
            return moved
        # Python's and torch's >> keep the sign, so a mask makes it a shift of bits; the factor of the sum shifts the other way.
        carried = x.roll(words + 1, -1).bitwise_right_shift_(64 - places).bitwise_and_((1 << places) - 1)
        return carried.add_(moved, alpha=1 << places if places < 63 else -(1 << 63))

    def _distance(self, a: Tensor, b: Tensor) -> Tensor:
        # The sums of two neighbours, then of four, eight, and all eight bytes; the masks make >> a shift of bits.
        x = a ^ b
        x = x - ((x >> 1) & 0x5555555555555555)
        x = (x & 0x3333333333333333) + ((x >> 2) & 0x3333333333333333)
        x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0F
        return ((x * 0x0101010101010101) >> 56).sum(-1).float()

    def _as_real(self, x: Tensor) -> Tensor:
        return bits_of(x, 1, -1, torch.float32)

    def _takes(self, dtype: torch.dtype) -> bool:
        return dtype == torch.int64


PackedBSC = PackedBinarySpatterCode()


def _vote(words: list[Tensor]) -> tuple[Tensor, Tensor | None]:
    """Bit by bit, whether more than half are 1, and whether exactly half are: None where an odd number votes.

    Counts are kept in binary, one word for each digit, and added by full adders: three words of a digit become one of that digit
    and one of the next.
    """
    n, digits = len(words), []
    while words:
        carried = []
        while len(words) >= 3:
            a, b, c = words.pop(), words.pop(), words.pop()
            either = a ^ b
            words.append(either ^ c)
            carried.append((a & b) | (c & either))
        if len(words) == 2:
            a, b = words
            words = [a ^ b]
            carried.append(a & b)
        digits.append(words[0])
        words = carried
    more = _at_least(digits, n // 2 + 1)
    return more, _at_least(digits, n // 2) & ~more if n % 2 == 0 else None


def _at_least(digits: list[Tensor], least: int) -> Tensor:
    """Bit by bit, whether a count of these binary digits, from the lowest, is at least so large, from 1 to the largest.

    It is where adding what is missing from ``least`` to the next power of two carries over.
    """
    missing = 2 ** len(digits) - least
    first = (missing & -missing).bit_length() - 1
    carry = digits[first]
    for place in range(first + 1, len(digits)):
        carry = digits[place] | carry if missing >> place & 1 else digits[place] & carry
    return carry
