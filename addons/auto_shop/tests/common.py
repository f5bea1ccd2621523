# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user


class AutoShopCommon(TransactionCase):
    """A shop in the United States, a second one, and the people who work there.

    ``company``/``other_company``: two locations. ``staff`` and ``manager`` work in the
    first, ``outsider`` is staff of the second, ``employee`` is an internal user
    without any role of the shop.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.country_us = cls.env.ref("base.us")
        cls.state_texas = cls.env.ref("base.state_us_44")
        cls.company, cls.other_company = cls.env["res.company"].create(
            [
                {"name": "Main Street Auto", "country_id": cls.country_us.id},
                {"name": "Airport Auto", "country_id": cls.country_us.id},
            ]
        )
        # An addon that is installed too may want more of an order before it is
        # scheduled. That is for its own tests to say.
        if "glass_unsent_appointment" in cls.company._fields:
            (cls.company | cls.other_company).glass_unsent_appointment = "warn"
        cls.env.user.write(
            {
                "company_ids": [Command.link(cls.company.id)],
                "company_id": cls.company.id,
            }
        )
        # A new environment, whose current company is the new one. It does not name the
        # companies, so that `with_user` takes those of the user.
        cls.env = cls.env(
            context=dict(
                cls.env.context,
                mail_create_nolog=True,
                mail_create_nosubscribe=True,
                mail_notrack=True,
                no_reset_password=True,
            )
        )
        cls.staff = cls._create_user("shop_staff", "auto_shop.group_user")
        cls.manager = cls._create_user("shop_manager", "auto_shop.group_manager")
        cls.outsider = cls._create_user(
            "shop_outsider", "auto_shop.group_user", company=cls.other_company
        )
        cls.employee = cls._create_user("plain_employee", "base.group_user")
        cls.product = cls.env["product.product"].create(
            {"name": "Oil change", "type": "service", "list_price": 49.0}
        )

    @classmethod
    def _create_user(cls, login, groups, company=None):
        company = company or cls.company
        return new_test_user(
            cls.env,
            login,
            groups=groups,
            tz="America/Chicago",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    @classmethod
    def _create_customer(cls, **vals):
        """A customer who can be texted, unless ``vals`` say otherwise."""
        return cls.env["res.partner"].create(
            {
                "name": "Ann Miller",
                "email": "ann.miller@example.com",
                "mobile": "(512) 555-0123",
                "allow_texting": True,
                "country_id": cls.country_us.id,
                **vals,
            }
        )

    @classmethod
    def _create_order(cls, partner, **vals):
        """A quote of one line, in the first company unless ``vals`` say otherwise."""
        return cls.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "company_id": cls.company.id,
                "order_line": [Command.create({"product_id": cls.product.id})],
                **vals,
            }
        )

    @classmethod
    def _open_all_hours(cls):
        """Let messages go at any hour, whatever hour the tests run at."""
        cls.env["customer.quiet.hours"].search([]).active = False

    @classmethod
    def _create_portal_user(cls, customer, login="portal_customer"):
        """A login of a customer, who sees his own orders and invoices."""
        return new_test_user(
            cls.env,
            login,
            groups="base.group_portal",
            name=customer.name,
            email=customer.email,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            partner_id=customer.id,
        )

    @classmethod
    def _get_readable_fields(cls, user, module):
        """``{model: names}`` of the fields that ``module`` adds or changes and that
        ``user`` may read."""
        readable = {}
        for name, model in cls.env.items():
            if model._abstract or not model.with_user(user).has_access("read"):
                continue
            names = {
                field.name
                for field in model._fields.values()
                if module in field._modules
                and model.with_user(user)._has_field_access(field, "read")
            }
            if names:
                readable[name] = names
        return readable

    @classmethod
    def _as(cls, records, user):
        """``records`` as ``user`` sees them, working for his own locations."""
        return records.with_user(user).with_context(
            allowed_company_ids=user.company_ids.ids
        )
