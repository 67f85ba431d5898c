"""Our 3DShapes: a solid in a coloured room, with the factors, the values and the size of the published data set.

solids.py     where rays meet a cube, a cylinder, a sphere and a capsule
scene.py      the room, the lamp and the camera; what each pixel sees of them
renderer.py   layers, computed once for each solid, size and turn of the camera, and coloured by the hues
rooms.py      all of that as a data set, and the published file in its place

Source: Burgess and Kim, "3D Shapes Dataset", 2018, https://github.com/google-deepmind/3d-shapes. The renderer is our own.
"""
