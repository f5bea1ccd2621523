-- A copy of a shop's database must order no postcards.
UPDATE customer_contact_setup
   SET post_provider = 'print_run',
       lob_mode = 'test',
       lob_test_key = NULL,
       lob_live_key = NULL;
UPDATE customer_postcard_order
   SET next_try_at = NULL;
UPDATE customer_postcard_order
   SET state = 'cancelled'
 WHERE state IN ('waiting', 'sending');
