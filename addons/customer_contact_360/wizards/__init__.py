from . import customer_data_feed_agree
from . import customer_data_feed_host_key
from . import customer_data_feed_preview
from . import customer_merge_wizard
