# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.vin import (
    VIN_LENGTH,
    decode_vins,
    normalize_vin,
    plate_key,
    vin_problem,
)

ODOMETER_UNITS = [("mi", "mi"), ("km", "km")]
# Where road distances are signed in miles.
_MILE_COUNTRIES = {"US", "GB", "MM", "LR"}
_FIRST_YEAR = 1886
# Between what a vehicle is and its plate, in display names.
_SEPARATOR = "·"
_DECODED_FIELDS = ("year", "make_id", "model_id", "submodel", "engine")
# Cards named one by one in the report of a decoding of many.
_NAMED_CARDS = 5


class CustomerVehicle(models.Model):
    _name = "customer.vehicle"
    _description = "Vehicle"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    # Descending puts cards without a visit, the new ones, first.
    _order = "last_visit_date desc, id desc"
    _check_company_auto = True

    @api.model
    def _default_odometer_unit(self):
        """Return the unit of the company's country: ``mi`` or ``km``."""
        code = self.env.company.country_id.code
        return "mi" if not code or code in _MILE_COUNTRIES else "km"

    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        string="Location",
        default=lambda self: self.env.company,
        index=True,
        help="Empty: every location sees this vehicle.",
    )
    owner_id = fields.Many2one(
        "res.partner",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        tracking=True,
        help="Who pays for the work.",
    )
    driver_id = fields.Many2one(
        "res.partner",
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
        help="Who brings the vehicle, when it is not the owner.",
    )
    owner_phone = fields.Char(related="owner_id.phone", string="Owner's Phone")
    owner_phone_display = fields.Char(related="owner_id.phone_display")
    vin = fields.Char(
        string="VIN",
        index="trigram",
        copy=False,
        tracking=True,
        help="Vehicle identification number. Blanks and dashes are taken out.",
    )
    vin_warning = fields.Text(compute="_compute_vin_warning")
    vin_lacks_check_digit = fields.Boolean(compute="_compute_vin_warning")
    license_plate = fields.Char(copy=False, tracking=True)
    license_plate_key = fields.Char(
        compute="_compute_license_plate_key",
        store=True,
        precompute=True,
        index="trigram",
        help="Letters and digits of the plate only.",
    )
    license_state_id = fields.Many2one(
        "res.country.state", string="Plate State", ondelete="set null"
    )
    year = fields.Integer(string="Model Year", aggregator=None)
    make_id = fields.Many2one(
        "vehicle.make",
        compute="_compute_make_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    model_id = fields.Many2one(
        "vehicle.model", index="btree_not_null", ondelete="restrict"
    )
    submodel = fields.Char(help="Trim or series, such as EX-L.")
    engine = fields.Char(help="Such as 3.0L V6 J30A4.")
    color = fields.Char()
    notes = fields.Html()
    odometer = fields.Integer(
        compute="_compute_odometer",
        inverse="_inverse_odometer",
        aggregator=None,
        help="The latest reading. Typing a new one adds a reading of today.",
    )
    odometer_date = fields.Date(compute="_compute_odometer")
    odometer_unit = fields.Selection(
        ODOMETER_UNITS,
        required=True,
        default=lambda self: self._default_odometer_unit(),
    )
    odometer_warning = fields.Text(compute="_compute_odometer_warning")
    odometer_reading_ids = fields.One2many(
        "vehicle.odometer.reading", "vehicle_id", string="Odometer Readings"
    )
    next_service_date = fields.Date(index="btree_not_null", tracking=True)
    last_visit_date = fields.Date(
        copy=False, readonly=True, help="Set by invoices and finished appointments."
    )
    last_invoice_id = fields.Many2one(
        "account.move",
        compute="_compute_last_invoice",
        store=True,
        index="btree_not_null",
        help="The latest invoice of this vehicle that stands.",
    )
    last_invoice_date = fields.Date(
        compute="_compute_last_invoice", store=True, index="btree_not_null"
    )
    disposition = fields.Selection(
        [("sold", "Sold"), ("scrapped", "Scrapped")],
        string="Gone",
        tracking=True,
        help="The customer no longer has this vehicle: nobody is reminded of it.",
    )
    owner_since = fields.Date(
        copy=False,
        readonly=True,
        help="When the card passed to another owner. He is told nothing of what was "
        "before.",
    )
    deferred_work_ids = fields.One2many("vehicle.deferred.work", "vehicle_id")
    open_work_count = fields.Integer(compute="_compute_open_work_count")
    order_ids = fields.One2many("sale.order", "vehicle_id", string="Work Orders")
    invoice_ids = fields.One2many(
        "account.move",
        "vehicle_id",
        string="Invoices",
        domain=[("move_type", "in", ("out_invoice", "out_refund", "out_receipt"))],
    )
    event_ids = fields.One2many(
        "calendar.event",
        "vehicle_id",
        string="Appointments",
        domain=[("shop_state", "!=", False)],
    )
    interaction_ids = fields.One2many(
        "customer.interaction", "vehicle_id", string="Interactions"
    )
    order_count = fields.Integer(compute="_compute_counts")
    invoice_count = fields.Integer(compute="_compute_counts")
    event_count = fields.Integer(compute="_compute_counts")
    interaction_count = fields.Integer(compute="_compute_counts")
    search_text = fields.Char(
        compute="_compute_search_text",
        store=True,
        index="trigram",
        help="Everything by which a vehicle is looked up, in one place.",
    )

    _vin_unique = models.UniqueIndex(
        "(vin, COALESCE(company_id, 0)) WHERE active IS TRUE AND vin IS NOT NULL",
        "Another card of this location has this VIN. Open that card instead.",
    )
    _visit_order = models.Index("(last_visit_date DESC, id DESC) WHERE active IS TRUE")

    @api.depends("vin")
    def _compute_vin_warning(self):
        for vehicle in self:
            problem = vin_problem(normalize_vin(vehicle.vin))
            vehicle.vin_warning = problem and self._get_vin_sentence(
                problem, normalize_vin(vehicle.vin)
            )
            vehicle.vin_lacks_check_digit = problem == "check_digit"

    @api.depends("license_plate")
    def _compute_license_plate_key(self):
        for vehicle in self:
            vehicle.license_plate_key = plate_key(vehicle.license_plate)

    @api.depends("model_id")
    def _compute_make_id(self):
        for vehicle in self:
            vehicle.make_id = vehicle.model_id.make_id or vehicle.make_id

    @api.depends(
        "odometer_reading_ids.date",
        "odometer_reading_ids.value",
        "odometer_reading_ids.unit",
        "odometer_unit",
    )
    def _compute_odometer(self):
        latest = self._get_latest_odometers()
        for vehicle in self:
            vehicle.odometer, vehicle.odometer_date = latest.get(
                vehicle._origin.id, (0, False)
            )

    def _inverse_odometer(self):
        """Add a reading of today where the number is a new one.

        Zero, the value of a new card's empty field, is no reading.
        """
        latest = self._get_latest_odometers()
        source = "import" if self.env.context.get("import_file") else "manual"
        self.env["vehicle.odometer.reading"].create(
            [
                {
                    "vehicle_id": vehicle.id,
                    "value": vehicle.odometer,
                    "unit": vehicle.odometer_unit,
                    "source": source,
                }
                for vehicle in self
                if vehicle.odometer
                and vehicle.odometer != latest.get(vehicle.id, (0, False))[0]
            ]
        )
        # What was typed is not always what holds now.
        self.invalidate_recordset(["odometer", "odometer_date"], flush=False)

    @api.depends("odometer_reading_ids.is_suspect")
    def _compute_odometer_warning(self):
        readings = self.odometer_reading_ids.filtered("is_suspect")
        by_vehicle = readings.grouped("vehicle_id")
        higher = readings._get_higher_before()
        for vehicle in self:
            suspects = by_vehicle.get(vehicle)
            vehicle.odometer_warning = suspects and self.env._(
                "The reading %(low)s is below the earlier reading %(high)s. Correct "
                "the one that is mistyped.",
                low=suspects[:1].display_name,
                high=higher[suspects[:1]].display_name,
            )

    @api.depends(
        "invoice_ids.state",
        "invoice_ids.invoice_date",
        "invoice_ids.move_type",
        "invoice_ids.payment_state",
    )
    def _compute_last_invoice(self):
        self.env["account.move"].flush_model(
            ["vehicle_id", "state", "invoice_date", "move_type", "payment_state"]
        )
        latest = {
            vehicle_id: (move_id, date)
            for vehicle_id, move_id, date in self.env.execute_query(
                SQL(
                    """SELECT DISTINCT ON (vehicle_id) vehicle_id, id, invoice_date
                         FROM account_move
                        WHERE vehicle_id IN %s AND state = 'posted'
                          AND move_type = 'out_invoice'
                          AND payment_state <> 'reversed'
                     ORDER BY vehicle_id, invoice_date DESC, id DESC""",
                    tuple(self._origin.ids) or (None,),
                )
            )
        }
        for vehicle in self:
            move_id, date = latest.get(vehicle._origin.id, (False, False))
            vehicle.last_invoice_id = move_id
            vehicle.last_invoice_date = date

    @api.depends("deferred_work_ids.state")
    def _compute_open_work_count(self):
        counts = self._get_counts("deferred_work_ids", [("state", "=", "open")])
        for vehicle in self:
            vehicle.open_work_count = counts.get(vehicle._origin, 0)

    @api.depends("order_ids", "invoice_ids", "event_ids", "interaction_ids")
    def _compute_counts(self):
        orders = self._get_counts("order_ids")
        invoices = self._get_counts("invoice_ids")
        events = self._get_counts("event_ids")
        interactions = self._get_counts("interaction_ids")
        for vehicle in self:
            vehicle.order_count = orders.get(vehicle._origin, 0)
            vehicle.invoice_count = invoices.get(vehicle._origin, 0)
            vehicle.event_count = events.get(vehicle._origin, 0)
            vehicle.interaction_count = interactions.get(vehicle._origin, 0)

    @api.depends(
        "year",
        "make_id.name",
        "model_id.name",
        "submodel",
        "vin",
        "license_plate",
        "license_plate_key",
        "owner_id.name",
        "driver_id.name",
    )
    def _compute_search_text(self):
        for vehicle in self:
            parts = (
                str(vehicle.year or ""),
                vehicle.make_id.name,
                vehicle.model_id.name,
                vehicle.submodel,
                vehicle.license_plate,
                vehicle.license_plate_key,
                vehicle.vin,
                vehicle.owner_id.name,
                vehicle.driver_id.name,
            )
            vehicle.search_text = " ".join(filter(None, parts))

    @api.depends("year", "make_id", "model_id", "license_plate", "vin", "owner_id")
    def _compute_display_name(self):
        for vehicle in self:
            words = (
                str(vehicle.year or ""),
                vehicle.make_id.name,
                vehicle.model_id.name,
            )
            sign = vehicle.license_plate or (vehicle.vin or "")[-8:]
            parts = list(filter(None, [" ".join(filter(None, words)), sign]))
            if not parts and vehicle.owner_id:
                parts = [self.env._("Vehicle of %s", vehicle.owner_id.name or "")]
            vehicle.display_name = f" {_SEPARATOR} ".join(parts) or self.env._(
                "New vehicle"
            )

    @api.model
    def _search_display_name(self, operator, value):
        """Find a vehicle by any words of it: VIN, plate, make, model, owner.

        Each word must be somewhere on the card, in whatever order; signs in a
        plate or VIN do not matter. An exact search, as an import does it for the
        vehicle of an order, wants the whole VIN, plate or display name.
        """
        if operator in ("ilike", "not ilike") and isinstance(value, str):
            domain = self._get_words_domain(value)
        elif operator in ("=", "!=", "in", "not in"):
            values = [value] if isinstance(value, str) or not value else value
            domain = Domain.OR(self._get_exact_domain(text) for text in values if text)
        else:
            return super()._search_display_name(operator, value)
        return ~domain if operator in Domain.NEGATIVE_OPERATORS else domain

    @api.model
    def name_create(self, name):
        """Create a card from what was typed into an order: a VIN or a plate.

        :raise UserError: the caller does not say whose vehicle it is
        """
        if not self.env.context.get("default_owner_id"):
            raise UserError(
                self.env._("Choose the customer first, then add the vehicle.")
            )
        is_vin = len(normalize_vin(name) or "") == VIN_LENGTH
        vehicle = self.create({"vin" if is_vin else "license_plate": name})
        if is_vin:
            # What the VIN does not tell is filled in on the card later.
            vehicle._decode_vins()
        return vehicle.id, vehicle.display_name

    @api.constrains("year")
    def _check_year(self):
        # Next year's models are sold from the middle of the year before.
        last = fields.Date.today().year + 2
        for vehicle in self:
            if vehicle.year and not _FIRST_YEAR <= vehicle.year <= last:
                raise ValidationError(
                    self.env._(
                        "%(year)s is no model year. Enter four digits, %(first)s to "
                        "%(last)s, or leave it empty.",
                        year=str(vehicle.year),
                        first=str(_FIRST_YEAR),
                        last=str(last),
                    )
                )

    @api.constrains("make_id", "model_id")
    def _check_model(self):
        for vehicle in self:
            model = vehicle.model_id
            if model and model.make_id != vehicle.make_id:
                raise ValidationError(
                    self.env._(
                        "%(model)s is a model of %(make)s, not of %(other)s. Choose "
                        "a model of the make, or leave the model empty.",
                        model=model.name,
                        make=model.make_id.name,
                        other=vehicle.make_id.name or self.env._("no make"),
                    )
                )

    @api.onchange("make_id")
    def _onchange_make_id(self):
        if self.make_id and self.model_id.make_id != self.make_id:
            self.model_id = False

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [self._prepare_vals(vals) for vals in vals_list]
        defaults = self.default_get(["active", "company_id"])
        self._check_vins_free(
            [
                (
                    vals["vin"],
                    vals.get("company_id", defaults.get("company_id")) or False,
                    self.browse(),
                )
                for vals in vals_list
                if vals.get("vin") and vals.get("active", defaults.get("active", True))
            ]
        )
        return super().create(vals_list)

    def write(self, vals):
        vals = self._prepare_vals(vals)
        if vals.keys() & {"active", "company_id", "vin"}:
            self._check_vins_free(
                [
                    (
                        vals.get("vin", vehicle.vin),
                        vals.get("company_id", vehicle.company_id.id) or False,
                        vehicle,
                    )
                    for vehicle in self
                    if vals.get("active", vehicle.active)
                    and vals.get("vin", vehicle.vin)
                ]
            )
        if vals.get("owner_id"):
            passed_on = self.filtered(lambda v: v.owner_id.id != vals["owner_id"])
            super(CustomerVehicle, passed_on).write(
                {"owner_since": fields.Date.context_today(self)}
            )
        return super().write(vals)

    @api.model
    def name_search(self, name="", domain=None, operator="ilike", limit=100):
        """Offer the vehicles of the customer at hand first.

        The customer is the context's ``first_partner_id``; it changes the order, not
        what is found.
        """
        partner_id = self.env.context.get("first_partner_id")
        if not partner_id:
            return super().name_search(name, domain, operator, limit)
        domain = Domain(domain or Domain.TRUE)
        theirs = Domain("owner_id", "=", partner_id) | Domain(
            "driver_id", "=", partner_id
        )
        found = super().name_search(name, domain & theirs, operator, limit)
        if limit and len(found) >= limit:
            return found
        rest = domain & Domain("id", "not in", [found_id for found_id, _name in found])
        return found + super().name_search(
            name, rest, operator, limit and limit - len(found)
        )

    def copy_data(self, default=None):
        return [{**vals, "notes": False} for vals in super().copy_data(default=default)]

    def action_decode_vin(self):
        """Fill year, make, model, submodel and engine from the VIN.

        :raise UserError: nothing was changed, and why
        """
        return self._action_decode_vin()

    def action_decode_vin_anyway(self):
        """Decode a VIN whose check digit is wrong.

        Vehicles made for markets outside North America may carry none.
        """
        return self._action_decode_vin(without_check_digit=True)

    def action_decode_vins(self):
        """Decode the VINs of many cards and say what became of each."""
        refused, doubtful = self._decode_vins()
        filled = len(self) - len(refused)
        sentences = [self.env._("%s filled from the VIN.", filled)]
        if refused:
            sentences.append(self.env._("%s left as they were.", len(refused)))
        by_reason = {}
        for vehicle, sentence in refused.items():
            by_reason.setdefault(sentence, []).append(vehicle)
        if doubtful:
            by_reason[self._get_doubtful_sentence()] = list(doubtful)
        for sentence, vehicles in by_reason.items():
            names = [vehicle.display_name for vehicle in vehicles[:_NAMED_CARDS]]
            if len(vehicles) > _NAMED_CARDS:
                names.append(self.env._("%s more", len(vehicles) - _NAMED_CARDS))
            sentences.append(f"{', '.join(names)}: {sentence}")
        clean = not refused and not doubtful
        return self._get_notification(
            "\n".join(sentences), "success" if clean else "warning", sticky=not clean
        )

    def action_open_orders(self):
        return self._get_window(
            "auto_shop.sale_order_action",
            "order_ids",
            default_partner_id=self.owner_id.id,
        )

    def action_open_invoices(self):
        # Invoices are made from orders, not here.
        return self._get_window(
            "account.action_move_out_invoice_type", "invoice_ids", create=False
        )

    def action_open_appointments(self):
        return self._get_window(
            "auto_shop.calendar_event_action",
            "event_ids",
            default_customer_id=self.owner_id.id,
            default_shop_state="booked",
        )

    def action_open_interactions(self):
        return self._get_window(None, "interaction_ids")

    def action_open_deferred_work(self):
        return self._get_window(
            "auto_shop.vehicle_deferred_work_action",
            "deferred_work_ids",
            search_default_open=1,
        )

    def _action_decode_vin(self, without_check_digit=False):
        self.ensure_one()
        refused, doubtful = self._decode_vins(without_check_digit)
        if refused:
            raise UserError(refused[self])
        message = self.env._("Filled from the VIN: %s", self.display_name)
        if doubtful:
            message = f"{message}\n{self._get_doubtful_sentence()}"
        return self._get_notification(message, "warning" if doubtful else "success")

    def _decode_vins(self, without_check_digit=False):
        """Fill the cards from their VINs; what a VIN does not tell stays.

        :param without_check_digit: decode also where the check digit is wrong
        :return: ``({vehicle: why it was left as it was}, doubtful vehicles)``
        """
        allowed = {False, "check_digit"} if without_check_digit else {False}
        problems = {vehicle: vin_problem(vehicle.vin) for vehicle in self}
        decoded = decode_vins(
            [
                vehicle.vin
                for vehicle, problem in problems.items()
                if vehicle.vin and problem in allowed
            ]
        )
        known = {vin: values for vin, values in decoded.items() if values["make"]}
        makes = self.env["vehicle.make"]._find_or_create(
            {values["make"] for values in known.values()}
        )
        models_ = self.env["vehicle.model"]._find_or_create(
            {(makes[values["make"]], values["model"]) for values in known.values()}
        )
        refused, groups = {}, {}
        for vehicle, problem in problems.items():
            if values := known.get(vehicle.vin):
                make = makes[values["make"]]
                vals = vehicle._prepare_decoded_vals(
                    values, make, models_[make, values["model"]]
                )
                groups.setdefault(tuple(vals.items()), []).append(vehicle.id)
            else:
                # A VIN that decodes to nothing has no problem of form.
                reason = "unknown" if vehicle.vin and problem in allowed else problem
                refused[vehicle] = self._get_vin_sentence(
                    reason or "empty", vehicle.vin
                )
        for items, ids in groups.items():
            if items:
                self.browse(ids).write(dict(items))
        doubtful = self.filtered(
            lambda vehicle: vehicle.vin in known and known[vehicle.vin]["doubtful"]
        )
        return refused, doubtful

    def _is_of(self, partner):
        """Tell whether somebody of the family or firm owns or drives it."""
        people = (self.owner_id | self.driver_id).commercial_partner_id
        return partner.commercial_partner_id._origin in people

    @api.model
    def _get_only_one_of(self, partner):
        """Return the vehicle of a customer who has just one, else an empty set."""
        vehicles = self.search(
            Domain("owner_id", "=", partner._origin.id)
            | Domain("driver_id", "=", partner._origin.id),
            limit=2,
        )
        return vehicles if len(vehicles) == 1 else self.browse()

    def _register_visit(self, date):
        """Note a visit of these vehicles; an earlier one than known changes nothing."""
        self.filtered(
            lambda vehicle: (
                not vehicle.last_visit_date or vehicle.last_visit_date < date
            )
        ).write({"last_visit_date": date})

    @api.model
    def _refresh_search_text_sudo(self, partners):
        """Compute anew what SQL changed under the vehicles of ``partners``.

        As superuser: a merge of customers reaches the cards of all locations.
        """
        vehicles = (
            self.sudo()
            .with_context(active_test=False)
            .search(
                Domain("owner_id", "in", partners.ids)
                | Domain("driver_id", "in", partners.ids)
            )
        )
        self.env.add_to_compute(self._fields["search_text"], vehicles)
        vehicles.flush_recordset(["search_text"])

    @api.model
    def _get_words_domain(self, text):
        return Domain.AND(
            Domain.OR(
                Domain("search_text", "ilike", part)
                for part in dict.fromkeys([word.upper(), plate_key(word) or ""])
                if part
            )
            for word in text.replace(_SEPARATOR, " ").split()
        )

    @api.model
    def _get_exact_domain(self, text):
        domain = Domain("vin", "=", normalize_vin(text))
        if key := plate_key(text):
            domain |= Domain("license_plate_key", "=", key)
        if _SEPARATOR in text:
            # A display name: its words, and plate or end of the VIN in full.
            sign = text.rpartition(_SEPARATOR)[2]
            if key := plate_key(sign):
                domain |= self._get_words_domain(text) & (
                    Domain("license_plate_key", "=", key)
                    | Domain("vin", "=like", f"%{normalize_vin(sign)}")
                )
        return domain

    def _get_counts(self, name, domain=()):
        """Return ``{vehicle: number of its records in a one2many field}``."""
        field = self._fields[name]
        domain = Domain.AND(
            [
                field.get_comodel_domain(self),
                Domain("vehicle_id", "in", self._origin.ids),
                Domain(list(domain)),
            ]
        )
        return dict(
            self.env[field.comodel_name]._read_group(
                domain, ["vehicle_id"], ["__count"]
            )
        )

    def _get_window(self, action, field_name, **context):
        """Return an action of the app, narrowed to the records of this vehicle."""
        self.ensure_one()
        field = self._fields[field_name]
        views = [(False, "list"), (False, "form")]
        if action:
            window = self.env["ir.actions.act_window"]._for_xml_id(action)
            # A list says more of one vehicle than a calendar of this week.
            views = [view for view in window["views"] if view[1] in ("list", "form")]
        else:
            window = {"type": "ir.actions.act_window", "res_model": field.comodel_name}
        domain = field.get_comodel_domain(self) & Domain("vehicle_id", "=", self.id)
        name = field.get_description(self.env, ["string"])["string"]
        return {
            **window,
            "name": name,
            "display_name": name,
            "view_mode": "list,form",
            "views": views,
            "domain": list(domain),
            "context": {"default_vehicle_id": self.id, **context},
        }

    def _get_latest_odometers(self):
        """Return ``{id: (latest reading in the card's unit, date)}``."""
        ids = self._origin.ids
        if not ids:
            return {}
        readings = self.env["vehicle.odometer.reading"]
        readings.flush_model(["vehicle_id", "date", "value", "unit"])
        # One look into the index (vehicle_id, date, id) a vehicle.
        rows = self.env.execute_query(
            SQL(
                """
                SELECT wanted.id, latest.value, latest.unit, latest.date
                FROM unnest(%s) AS wanted (id)
                CROSS JOIN LATERAL (
                    SELECT value, unit, date
                    FROM vehicle_odometer_reading reading
                    WHERE reading.vehicle_id = wanted.id
                    ORDER BY date DESC, id DESC
                    LIMIT 1
                ) latest
                """,
                ids,
            )
        )
        units = {vehicle._origin.id: vehicle.odometer_unit for vehicle in self}
        return {
            vehicle_id: (
                round(readings._convert(value, unit, units[vehicle_id] or unit)),
                date,
            )
            for vehicle_id, value, unit, date in rows
        }

    def _check_vins_free(self, wanted):
        """Refuse a VIN that another active card of its location has.

        :param wanted: list of (vin, company id or ``False``, its own card or none)
        :raise ValidationError: names the card that has the VIN
        """
        vins = {vin for vin, _company_id, _card in wanted}
        if not vins:
            return
        taken = {}
        for other in self.with_context(active_test=True).search(
            [("vin", "in", list(vins))]
        ):
            taken.setdefault(other.vin, []).append(other)
        seen = set()
        moving = self.browse(card.id for _vin, _company_id, card in wanted)
        for vin, company_id, card in wanted:
            for other in taken.get(vin, []):
                # Cards that all locations share count for each of them.
                meets = not company_id or other.company_id.id in (False, company_id)
                if meets and other != card and other not in moving:
                    raise ValidationError(
                        self.env._(
                            "The VIN %(vin)s is already on the card “%(card)s” of "
                            "%(owner)s. Open that card instead, and change its owner "
                            "if the vehicle was sold.",
                            vin=vin,
                            card=other.display_name,
                            owner=other.owner_id.display_name,
                        )
                    )
            if (vin, company_id) in seen:
                raise ValidationError(
                    self.env._(
                        "The VIN %s comes twice. Each vehicle has one card: leave "
                        "the VIN of the others empty.",
                        vin,
                    )
                )
            seen.add((vin, company_id))

    @api.model
    def _prepare_vals(self, vals):
        vals = dict(vals)
        if "vin" in vals:
            vals["vin"] = normalize_vin(vals["vin"])
        if "license_plate" in vals:
            plate = " ".join((vals["license_plate"] or "").upper().split())
            vals["license_plate"] = plate or False
        return vals

    def _prepare_decoded_vals(self, values, make, model):
        vals = {
            "year": values["year"],
            "make_id": make.id,
            "model_id": model.id,
            "submodel": values["submodel"],
            "engine": values["engine"],
        }
        vals = {name: vals[name] for name in _DECODED_FIELDS if vals[name]}
        if "model_id" not in vals and self.make_id != make:
            # The model on the card belongs to another make.
            vals["model_id"] = False
        return vals

    @api.model
    def _get_vin_sentence(self, problem, vin):
        """Return what is wrong with a VIN in words, for the person who typed it."""
        if problem == "empty":
            return self.env._("This card has no VIN. Enter it first.")
        if problem == "length":
            return self.env._(
                "A VIN has 17 characters; this one has %s. Compare it with the "
                "vehicle.",
                len(vin),
            )
        if problem == "letters":
            return self.env._(
                "A VIN has only digits and letters, and never the letters I, O and "
                "Q (they look like 1 and 0). Compare it with the vehicle."
            )
        if problem == "check_digit":
            return self.env._(
                "The check digit (9th character) does not fit: most likely a "
                "character is mistyped. Compare the VIN with the vehicle. Vehicles "
                "built for markets outside North America may carry no check digit."
            )
        return self.env._(
            "Nothing is known about this VIN. Compare it with the vehicle, or enter "
            "year, make and model by hand."
        )

    @api.model
    def _get_doubtful_sentence(self):
        return self.env._(
            "Some characters of the VIN are not known for this make: compare it with "
            "the vehicle."
        )

    @api.model
    def _get_notification(self, message, kind, sticky=False):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": message,
                "type": kind,
                "sticky": sticky,
                # Without a next action the form would not show what was filled.
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
