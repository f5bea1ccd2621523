# Copyright 2026 Auto Shop Suite
# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl).
from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL


class CustomerQuestionMixin(models.AbstractModel):
    """Questions about the customer that the server puts to whoever is at the screen.

    The server knows whether a question is open and carries the answer out. The web
    client asks after a deliberate save, a button or a drop in the calendar; a
    question that nobody answered stays open.
    """

    _name = "customer.question.mixin"
    _description = "Questions to the Person at the Screen"

    open_question = fields.Char(
        compute="_compute_open_question",
        help="What is still to be decided about telling the customer.",
        groups="base.group_user",
    )

    def _compute_open_question(self):
        for record in self:
            questions = []
            # On records that are not saved yet nothing has happened.
            if record._origin and record._origin._may_answer_customer_question():
                questions = record._customer_questions()
            record.open_question = questions[0]["message"] if questions else False

    def customer_question(self):
        """Return the question to ask now about this record, or ``False``.

        :return: ``False`` or a dict: ``key``, ``title``, ``message``, ``missing``
            (list of labels), ``preview`` (the text as the customer would get it, or
            ``False``), ``segments`` (parts it is sent in) and ``buttons`` (list of
            ``{"value", "label", "style"}``; style is ``primary``, ``secondary``,
            ``smile`` or ``frown``; where each answer sends another text, it has
            ``preview`` and ``segments`` of its own).
        """
        self.ensure_one()
        if not self.exists() or not self._may_answer_customer_question():
            return False
        questions = self._customer_questions()
        return self._prepare_customer_question(questions[0]) if questions else False

    def customer_answer(self, key, value):
        """Carry out the answer to the question ``key``.

        Two people who answer at once, or one who clicks twice, answer once: the
        record is locked, and a key that is not open any more is refused quietly.

        :param key: the ``key`` of the question as it was asked
        :param value: the ``value`` of one of its buttons
        :return: ``False`` when the question is not open (any more), else
            ``{"message", "type"}`` for a notification
        :raise AccessError: the user may not change the record
        :raise UserError: ``value`` is not one of the buttons
        """
        self.ensure_one()
        if not self.exists():
            return False
        self.check_access("write")
        if not self._may_answer_customer_question():
            raise AccessError(
                self.env._(
                    "You may not decide what the customer is told about “%s”.",
                    self.display_name,
                )
            )
        self._lock_customer_question()
        question = next(
            (
                question
                for question in self._customer_questions()
                if question["key"] == key
            ),
            None,
        )
        if question is None:
            return False
        if value not in [button["value"] for button in question["buttons"]]:
            raise UserError(
                self.env._(
                    "“%(value)s” is not an answer to “%(title)s”. Choose one of the "
                    "buttons.",
                    value=value,
                    title=question["title"],
                )
            )
        answer = getattr(self, f"_answer_{key.partition(':')[0]}")
        return answer(value) or {"message": self.env._("Done."), "type": "success"}

    def _may_answer_customer_question(self):
        """Tell whether the user is one to ask; addons may ask for more than this."""
        return self.has_access("write")

    def _customer_questions(self):
        """Return the questions that are open on this record; the first one is asked.

        To be extended. Each is a dict as ``customer_question`` returns it, where
        ``missing``, ``preview`` and ``segments`` may be left out and ``preview`` may
        be a method without arguments that returns what a purpose's ``_preview`` does:
        it is only called when the question is asked. ``key`` is the name of the
        method ``_answer_<key>(value)`` that takes the answer; what follows a colon
        in it is not part of the name, and tells an old question from a new one.
        """
        self.ensure_one()
        return []

    def _lock_customer_question(self):
        # Waits for the other transaction. If that one wrote the record, PostgreSQL
        # refuses ours, and Odoo runs the request again on what is then there.
        self.flush_recordset()
        # That is what is meant to happen, so it is not logged as an error.
        self.env.cr.execute(
            SQL(
                "SELECT id FROM %s WHERE id = %s FOR NO KEY UPDATE",
                SQL.identifier(self._table),
                self.id,
            ),
            log_exceptions=False,
        )
        self.invalidate_recordset()

    def _prepare_customer_question(self, question):
        return {
            "missing": [],
            **self._prepare_preview(question),
            "buttons": [
                self._prepare_preview(button) for button in question["buttons"]
            ],
        }

    def _prepare_preview(self, item):
        preview = item.get("preview") or False
        segments = item.get("segments", 0)
        if callable(preview):
            shown = preview()
            preview, segments = shown["body"], shown["segments"]
        return {**item, "preview": preview, "segments": segments}
