"""The cast: walking figures of our own, with the factors, the counts and the shape of the published ones, see characters.py.

skeleton.py   how a figure stands in every cell of every motion
shapes.py     signed distances of capsules, ovals and slabs, and how they are painted
wardrobe.py   the layers: bodies, pants, tops, hair and shoes
figures.py    all of that as a data set
"""
