"""The developer's tool of this project: ``python3 -m dev help`` lists what it does.

It needs nothing but Python's standard library, because it is what installs the rest.
"""
