"""From "due" to "in the queue", beside Odoo's Automation Rules on the same customers.

Ours includes the planning, the checks of consent, hours and limits, the rendering and
the history; the rule only renders and queues.
"""

from benchmarks import Bench, figure

CUSTOMERS = 200


def _customers(env):
    return (
        env["res.partner"]
        .with_context(tracking_disable=True)
        .create(
            [
                {
                    "name": f"Customer {number}",
                    "email": f"customer.{number}@example.com",
                    "mobile": f"+1512555{number:04}",
                    "allow_texting": True,
                    "country_id": env.ref("base.us").id,
                    "tz": "America/Chicago",
                }
                for number in range(CUSTOMERS)
            ]
        )
    )


def _rule(env, **action_vals):
    """An Automation Rule that sends when the job position of a contact changes."""
    model = env["ir.model"]._get("res.partner")
    field = env["ir.model.fields"]._get("res.partner", "function")
    return env["base.automation"].create(
        {
            "name": "Benchmark",
            "model_id": model.id,
            "trigger": "on_create_or_write",
            "trigger_field_ids": [(6, 0, field.ids)],
            "action_server_ids": [
                (
                    0,
                    0,
                    {
                        "name": "Send",
                        "model_id": model.id,
                        "usage": "base_automation",
                        **action_vals,
                    },
                )
            ],
        }
    )


def _compare(bench: Bench, channel: str, purpose_vals: dict, action_vals: dict, queue):
    env = bench.env
    env["customer.quiet.hours"].search([]).active = False
    purpose = env["customer.interaction.purpose"].create(
        {"code": "benchmark", "name": "Benchmark", "channel": channel, **purpose_vals}
    )
    customers = _customers(env)
    rule = _rule(env, **action_vals)
    queued = env[queue]

    def ours():
        before = queued.search_count([])
        rows = env["customer.interaction"]._plan(
            [
                {
                    "partner_id": customer.id,
                    "purpose_id": purpose.id,
                    "automatic": True,
                    "dedupe_key": f"benchmark:{customer.id}",
                }
                for customer in customers
            ]
        )
        rows._dispatch()
        assert queued.search_count([]) == before + CUSTOMERS

    def peer():
        before = queued.search_count([])
        customers.write({"function": "Driver"})
        assert queued.search_count([]) == before + CUSTOMERS

    # Only the rule's own runs may set it off.
    rule.flush_recordset()
    bench.compare(ours, peer, work=CUSTOMERS)


@figure("Queue 200 e-mails", peer="Automation Rule", unit="records/s", goal=50)
def queue_emails(bench: Bench) -> None:
    """E-mails into Odoo's mail queue."""
    env = bench.env
    template = env["mail.template"].create(
        {
            "name": "Benchmark",
            "model_id": env["ir.model"]._get_id("res.partner"),
            "subject": "Hello {{ object.name }}",
            "body_html": '<p>Dear <t t-out="object.name"/></p><p>Come by.</p>',
            "email_from": "shop@example.com",
            "use_default_to": True,
        }
    )
    _compare(
        bench,
        "email",
        {
            "email_subject": "Hello {{ customer_name }}",
            "email_body": "<p>Dear {{ customer_name }}</p><p>Come by.</p>",
        },
        {
            "state": "mail_post",
            "mail_post_method": "email",
            "template_id": template.id,
        },
        "mail.mail",
    )


@figure("Queue 200 texts", peer="Automation Rule", unit="records/s", goal=50)
def queue_texts(bench: Bench) -> None:
    """Texts into the text queue."""
    env = bench.env
    template = env["sms.template"].create(
        {
            "name": "Benchmark",
            "model_id": env["ir.model"]._get_id("res.partner"),
            "body": "Hello {{ object.name }}, come by.",
        }
    )
    _compare(
        bench,
        "sms",
        {"sms_body": "Hello {{ customer_name }}, come by."},
        {"state": "sms", "sms_method": "sms", "sms_template_id": template.id},
        "sms.sms",
    )
