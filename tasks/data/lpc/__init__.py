"""The LPC Sprites: characters in motion, composed exactly from their published layers, which users fetch.

published.py    the sheets, how they are known and read
characters.py   all of that as a data set
"""
