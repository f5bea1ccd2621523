from . import auto_shop_demo
