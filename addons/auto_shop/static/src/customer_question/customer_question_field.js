import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useCustomerQuestion} from "./customer_question_service";

import {Component, status} from "@odoo/owl";

/**
 * The banner of a form: what is still to be decided, and a button to decide it.
 */
export class CustomerQuestionField extends Component {
    static template = "auto_shop.CustomerQuestionField";
    static props = {...standardFieldProps};

    setup() {
        this.customerQuestion = useCustomerQuestion();
    }

    get message() {
        return this.props.record.data[this.props.name];
    }

    async onAnswer() {
        const {record} = this.props;
        if (!(await record.save())) {
            return;
        }
        const answered = await this.customerQuestion.ask(record.resModel, record.resId);
        if (answered && status(this) === "mounted") {
            await record.load();
        }
    }
}

export const customerQuestionField = {
    component: CustomerQuestionField,
    displayName: _t("Open question about the customer"),
    supportedTypes: ["char"],
};

registry.category("fields").add("customer_question", customerQuestionField);
