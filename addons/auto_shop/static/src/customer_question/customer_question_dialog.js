import {useHotkey} from "@web/core/hotkeys/hotkey_hook";
import {Dialog} from "@web/core/dialog/dialog";
import {useChildRef} from "@web/core/utils/hooks";

import {Component, onMounted, useRef, useState} from "@odoo/owl";

const FACES = {smile: "fa-smile-o", frown: "fa-frown-o"};

/**
 * Puts one question of the server. Escape and the cross leave it open.
 */
export class CustomerQuestionDialog extends Component {
    static template = "auto_shop.CustomerQuestionDialog";
    static components = {Dialog};
    static props = {
        close: Function,
        question: Object,
        answer: Function,
    };

    setup() {
        this.state = useState({busy: false});
        this.modalRef = useChildRef();
        this.primaryRef = useRef("primary");
        onMounted(() => {
            // Enter takes the primary button. A question about a face has none: a key
            // pressed once too often must not judge the customer's mood.
            const target = this.primaryRef.el || this.modalRef.el;
            target?.focus();
        });
        for (const [key, step] of [
            ["arrowright", 1],
            ["arrowleft", -1],
        ]) {
            useHotkey(key, () => this.moveFocus(step), {
                area: () => this.modalRef.el,
                allowRepeat: true,
            });
        }
    }

    get faces() {
        return this.props.question.buttons.filter((button) => button.style in FACES);
    }

    get buttons() {
        return this.props.question.buttons.filter((button) => !(button.style in FACES));
    }

    get primaryValue() {
        return this.buttons.find((button) => button.style === "primary")?.value;
    }

    faceIcon(button) {
        return FACES[button.style];
    }

    hotkey(button) {
        return button.value === this.primaryValue ? "q" : "x";
    }

    moveFocus(step) {
        const buttons = [
            ...this.modalRef.el.querySelectorAll(".o_customer_question_answer"),
        ];
        const index = buttons.indexOf(document.activeElement);
        const next = index < 0 ? (step > 0 ? 0 : buttons.length - 1) : index + step;
        buttons[(next + buttons.length) % buttons.length]?.focus();
    }

    onKeydown(ev) {
        // The key that saved the form may still be held down.
        if (ev.key === "Enter" && ev.repeat) {
            ev.preventDefault();
        }
    }

    async onAnswer(button) {
        if (this.state.busy) {
            return;
        }
        this.state.busy = true;
        try {
            await this.props.answer(button.value);
        } catch (error) {
            this.state.busy = false;
            throw error;
        }
        this.props.close();
    }
}
