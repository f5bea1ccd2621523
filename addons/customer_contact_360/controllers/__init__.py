from . import postcard
