-- A copy of a shop's database must neither write to its customers nor pass their data on.
UPDATE customer_contact_setup
   SET email_enabled = FALSE,
       post_enabled = FALSE,
       post_provider = 'print_run',
       lob_live_key = NULL,
       lob_test_key = NULL,
       carfax_product_data_id = NULL,
       plate_lookup_provider = NULL;
UPDATE customer_data_feed
   SET enabled = FALSE,
       next_run = NULL,
       host = NULL,
       password = NULL;
-- Files that wait are sent by their run, whether the feed is on or not.
UPDATE customer_data_feed_run
   SET state = 'discarded',
       next_try_at = NULL
 WHERE state IN ('making', 'waiting', 'sending', 'failed', 'unknown');
UPDATE customer_postcard_order
   SET state = 'cancelled'
 WHERE state IN ('waiting', 'sending');
