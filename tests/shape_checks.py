"""The checker of annotations: beartype, with whole numbers welcome where a float is asked for, as everywhere in Python."""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
