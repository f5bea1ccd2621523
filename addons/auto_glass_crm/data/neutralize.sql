-- A copy of a shop's database must not tell the outside CRM anything.
UPDATE res_company
   SET outside_crm_url = NULL,
       outside_crm_secret = NULL;
