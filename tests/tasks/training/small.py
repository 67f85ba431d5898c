"""A small encoder with dropout, so that training depends on torch's own random generator too."""

from torch import nn

from encoders.conv import ConvEncoder


def encoder(image: tuple[int, int, int], features: int, dim: int) -> nn.Module:
    made = ConvEncoder(image, features, dim, channels=(4, 4, 8, 8), hidden=16)
    made.hidden.append(nn.Dropout(0.2))
    return made
