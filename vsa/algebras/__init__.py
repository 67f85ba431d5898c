"""The algebras, one model a file. Get one by name with `vsa.get_algebra`."""
