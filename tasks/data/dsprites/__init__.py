"""dSprites: the exact renderer, the published file, and who judges pictures of sprites.

factors.py          the five factors, their values and their symmetries
renderer.py         factors in, the pixels of the published file out
original.py         the published file, read and checked; original_writer.py writes its layout
nearest.py          which sprite a picture is most like
sprites.py          all of that as a data set
moving.py           clips of coloured sprites, as data sets of the MSD benchmark
nearest_clip.py     which of these a clip is most like, or a frame

Source: https://github.com/google-deepmind/dsprites-dataset.
"""
