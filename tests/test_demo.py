"""A demo database looks like a shop in which every feature has something due."""

from __future__ import annotations

import os
import secrets

import pytest

from dev import addons, testing
from dev.settings import Settings

pytestmark = pytest.mark.skipif(
    "AUTO_SHOP_VENV" not in os.environ, reason="needs what make test sets up"
)

SUITE = addons.find(Settings.from_environ({}))

LOCAL_START = "(start AT TIME ZONE 'UTC' AT TIME ZONE 'US/Central')"
SHOP = """(SELECT res_id FROM ir_model_data
            WHERE module = 'auto_shop' AND name = 'res_company_lone_star')"""
ROUND_ROCK = """(SELECT res_id FROM ir_model_data
            WHERE module = 'auto_shop' AND name = 'res_company_lone_star_round_rock')"""


def away(days: int) -> str:
    """Vehicles whose last visit was about so long ago."""
    return (
        "customer_vehicle WHERE last_visit_date BETWEEN"
        f" CURRENT_DATE - {days + 4} AND CURRENT_DATE - {days - 1}"
    )


# What there has to be, and how much of it at least.
AT_LEAST = {
    "customers": (
        55,
        "res_partner WHERE customer_rank > 0 AND COALESCE(mobile, phone) IS NOT NULL",
    ),
    "vehicles with a VIN that decoded": (
        80,
        "customer_vehicle WHERE vin IS NOT NULL AND model_id IS NOT NULL AND year > 0",
    ),
    "quotes": (
        10,
        f"sale_order WHERE state IN ('draft', 'sent') AND company_id = {SHOP}",
    ),
    "orders": (100, f"sale_order WHERE state = 'sale' AND company_id = {SHOP}"),
    "invoices older than a year": (
        15,
        "account_move WHERE move_type = 'out_invoice' AND state = 'posted'"
        " AND vehicle_id IS NOT NULL"
        " AND invoice_date < CURRENT_DATE - INTERVAL '1 year'",
    ),
    "invoices of the last month": (
        8,
        "account_move WHERE move_type = 'out_invoice' AND state = 'posted'"
        " AND vehicle_id IS NOT NULL"
        " AND invoice_date > CURRENT_DATE - INTERVAL '1 month'",
    ),
    "invoices that are owed": (
        3,
        "account_move WHERE vehicle_id IS NOT NULL AND payment_state = 'not_paid'",
    ),
    "appointments of the next week": (
        15,
        "calendar_event WHERE shop_state = 'booked' AND start > LOCALTIMESTAMP"
        " AND start < LOCALTIMESTAMP + INTERVAL '8 days'",
    ),
    "appointments later on": (
        8,
        "calendar_event WHERE shop_state = 'booked'"
        " AND start > LOCALTIMESTAMP + INTERVAL '8 days'",
    ),
    "appointments done": (10, "calendar_event WHERE shop_state = 'completed'"),
    "no-shows": (3, "calendar_event WHERE shop_state = 'no_show'"),
    "appointments that nobody closed": (
        2,
        "calendar_event WHERE shop_state = 'booked'"
        " AND start < LOCALTIMESTAMP - INTERVAL '12 hours'",
    ),
    "appointments of the other location": (
        3,
        f"calendar_event WHERE shop_state IS NOT NULL AND company_id = {ROUND_ROCK}",
    ),
    "open deferred work": (15, "vehicle_deferred_work WHERE state = 'open'"),
    "deferred work that is over": (3, "vehicle_deferred_work WHERE state <> 'open'"),
    "service due about now": (
        10,
        "customer_vehicle WHERE next_service_date BETWEEN CURRENT_DATE - 14"
        " AND CURRENT_DATE + 30",
    ),
    "customers away for 90 days": (2, away(90)),
    "customers away for 180 days": (2, away(180)),
    "customers away for 270 days": (2, away(270)),
    "vehicles not seen yet": (3, "customer_vehicle WHERE last_visit_date IS NULL"),
    "conversations": (12, "customer_text_thread"),
    "unread conversations": (5, "customer_text_thread WHERE is_unread"),
    "texts delivered": (20, "customer_interaction WHERE state = 'delivered'"),
    "texts that failed": (1, "customer_interaction WHERE state = 'failed'"),
    "texts of unknown outcome": (1, "customer_interaction WHERE state = 'unknown'"),
    "postcards to print": (
        5,
        "customer_interaction i JOIN customer_print_run r ON r.id = i.print_run_id"
        " WHERE r.state = 'to_print'",
    ),
    "customers with texts allowed": (40, "res_partner WHERE allow_texting"),
    "customers who texted STOP": (
        2,
        "res_partner WHERE sms_stopped_at IS NOT NULL AND NOT allow_texting",
    ),
    "customers without a number": (
        2,
        "res_partner WHERE customer_rank > 0 AND mobile IS NULL AND phone IS NULL",
    ),
    "customers with a number that is none": (
        1,
        "res_partner WHERE mobile IS NOT NULL AND text_number IS NULL",
    ),
    "customers with Do Not Mail": (3, "res_partner WHERE do_not_mail"),
    "customers with Do Not Call": (3, "res_partner WHERE do_not_call"),
    "bays": (4, f"shop_bay WHERE company_id = {SHOP}"),
    "technicians": (
        3,
        "(SELECT DISTINCT technician_id FROM calendar_event"
        f" WHERE technician_id IS NOT NULL AND company_id = {SHOP}) t",
    ),
}
# The same of auto_glass_crm.
GLASS = {
    "glass products": (
        10,
        "product_template WHERE is_glass AND nags_number IS NOT NULL",
    ),
    "glass quotes to send": (
        3,
        "sale_order WHERE state = 'draft' AND sent_to_crm_at IS NULL AND id IN"
        " (SELECT order_id FROM sale_order_line l JOIN product_product p"
        " ON p.id = l.product_id JOIN product_template t ON t.id = p.product_tmpl_id"
        " WHERE is_glass)",
    ),
    "leads": (8, "crm_lead WHERE glass_sent_at IS NOT NULL"),
    "sent quotes that wait for a date": (
        3,
        "sale_order WHERE state = 'draft' AND opportunity_id IS NOT NULL",
    ),
    "jobs to invoice": (
        1,
        "sale_order o JOIN calendar_event e ON e.work_order_id = o.id"
        " WHERE e.shop_state = 'completed' AND o.invoice_status = 'to invoice'"
        " AND o.opportunity_id IS NOT NULL",
    ),
    "customers to ask how it was": (
        1,
        "sale_order WHERE experience_invoice_id IS NOT NULL"
        " AND customer_experience IS NULL",
    ),
    "smiles": (1, "sale_order WHERE customer_experience = 'smile'"),
    "frowns": (1, "sale_order WHERE customer_experience = 'frown'"),
}
# What there must not be.
NONE = {
    "messages that wait to be sent": "customer_interaction WHERE state = 'planned'",
    "texts in the queue": "sms_sms WHERE state IN ('outgoing', 'process')",
    "e-mails of ours": "mail_mail WHERE interaction_id IS NOT NULL",
    "e-mails to our customers": "mail_mail m JOIN mail_message g"
    " ON g.id = m.mail_message_id WHERE g.model IN ('calendar.event', 'sale.order')"
    f" AND g.record_company_id IN ({SHOP}, {ROUND_ROCK})",
    "appointments on Sundays or at night": "calendar_event WHERE shop_state IS NOT NULL"
    f" AND (EXTRACT(isodow FROM {LOCAL_START}) = 7"
    f" OR {LOCAL_START}::time NOT BETWEEN '08:00' AND '15:00')",
    "real telephone numbers": "res_partner p JOIN ir_model_data d"
    " ON d.model = 'res.partner' AND d.res_id = p.id AND d.module = 'auto_shop'"
    " WHERE mobile !~ '^[+]1[0-9]{3}55501[0-9]{2}$' AND text_number IS NOT NULL"
    " OR phone !~ '^[+]1[0-9]{3}55501[0-9]{2}$'",
    "real e-mail addresses": "res_partner p JOIN ir_model_data d"
    " ON d.model = 'res.partner' AND d.res_id = p.id AND d.module = 'auto_shop'"
    " WHERE email !~ '@example[.](com|net|org)$'",
    "bays that are taken twice": "calendar_event a JOIN calendar_event b"
    " ON a.bay_id = b.bay_id AND a.id < b.id AND a.start < b.stop AND b.start < a.stop",
}


@pytest.fixture(scope="module")
def demo():
    """A database with demo data, of Odoo's own as well."""
    workshop = testing.surroundings()
    name = f"{testing.CLONE}{os.environ['AUTO_SHOP_RUN']}_{secrets.token_hex(4)}"
    try:
        run = testing.run_odoo(name, "--with-demo", init=["base", *SUITE])
        yield name, run
    finally:
        workshop.drop(name)


def count(database: str, condition: str) -> int:
    """Count the rows of a table under a condition."""
    rows = testing.sql(database, f"SELECT count(*) FROM {condition}")
    return int(rows[0][0])


def test_loads_without_a_warning(demo):
    _database, run = demo
    assert not run.code
    assert [str(record) for record in run.serious] == []


def test_every_feature_has_something_due(demo):
    database, _run = demo
    expected = AT_LEAST | (GLASS if "auto_glass_crm" in SUITE else {})
    found = {title: count(database, where) for title, (_n, where) in expected.items()}
    lacking = {
        title: f"{found[title]} of {wanted}"
        for title, (wanted, _where) in expected.items()
        if found[title] < wanted
    }
    assert not lacking


def test_nothing_leaves_and_nobody_is_real(demo):
    database, _run = demo
    found = {title: count(database, where) for title, where in NONE.items()}
    assert not {title: number for title, number in found.items() if number}


def test_update_adds_nothing_and_uninstall_works(demo):
    database, _run = demo
    before = count(database, "sale_order")
    run = testing.run_odoo(database, "--with-demo", update=SUITE)
    assert not run.code and not run.serious, run.serious
    assert count(database, "sale_order") == before
    run = testing.uninstall(database, "auto_shop")
    assert not run.code and not run.serious, run.serious
    assert count(database, "sale_order") == before
