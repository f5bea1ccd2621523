-- A copy of a shop's database must not text its customers.
UPDATE res_company
   SET sms_provider = 'sandbox',
       twilio_messaging_service_sid = NULL;
UPDATE ir_config_parameter
   SET value = 'http://localhost:1'
 WHERE key = 'auto_shop.twilio_api_base_url';
UPDATE sms_sms
   SET state = 'canceled',
       next_try_at = NULL
 WHERE state IN ('outgoing', 'process');
