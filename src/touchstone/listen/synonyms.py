"""What other people's exports call our columns. Compared in normal form: lower case, words joined by underscores."""

from __future__ import annotations

import re
from collections.abc import Mapping as Dict

SYNONYMS: Dict[str, Dict[str, tuple[str, ...]]] = {
    "customers": {
        "customer_id": ("customer", "customer_number", "customer_no", "client_id"),
        "account_id": ("account", "company", "company_id", "organisation", "organization"),
        "first_seen_at": ("created_at", "signup_date", "signed_up_at", "registered_at", "customer_since", "joined"),
        "acquired_through": ("acquisition_channel", "lead_source", "utm_source"),
        "segment": ("customer_segment", "tier"),
    },
    "orders": {
        "order_id": ("order", "order_number", "order_no", "invoice", "invoice_no", "invoice_number", "transaction_id"),
        "customer_id": ("customer", "customer_number", "customer_no", "client_id"),
        "paid_at": ("order_date", "invoice_date", "date", "paid", "purchase_date", "ordered_at", "transaction_date"),
        "amount": ("total", "order_total", "revenue", "sum", "net_amount", "gross_amount", "value", "price"),
        "lines": ("items", "item_count", "quantity"),
        "kind": ("type", "order_type"),
        "unit": ("store", "shop", "branch", "location"),
    },
    "subscriptions": {
        "subscription_id": ("subscription", "contract_id", "contract"),
        "customer_id": ("customer", "customer_number", "customer_no", "client_id"),
        "started_at": ("start", "start_date", "contract_start"),
        "ended_at": ("end", "end_date", "cancelled_at", "canceled_at", "contract_end"),
        "monthly_amount": ("mrr", "monthly_fee", "monthly_price"),
    },
    "tickets": {
        "ticket_id": ("ticket", "ticket_no", "ticket_number", "case", "case_id", "case_number", "number", "id"),
        "customer_id": ("customer", "customer_number", "customer_no", "client_id"),
        "opened_at": ("created_at", "created", "opened", "open_date", "date_created", "creation_date"),
        "first_reply_at": ("first_response_at", "first_reply", "first_response", "replied_at", "first_replied_at"),
        "resolved_at": ("solved_at", "resolved", "solved", "resolution_date", "resolved_on", "date_resolved"),
        "closed_at": ("closed", "close_date", "date_closed"),
        "due_at": ("due", "due_date", "deadline", "sla_due", "sla_due_at"),
        "sla_met": ("made_sla", "within_sla", "sla_ok", "in_sla", "sla_kept", "sla"),
        "touchpoint": ("journey_step", "moment", "step"),
        "reopened": ("reopens", "reopen_count", "reopenings", "times_reopened"),
        "transfers": ("reassignment_count", "reassignments", "handovers"),
        "contacts": ("replies", "contact_count", "messages"),
        "topic": ("category", "reason", "contact_reason", "issue"),
        "kind": ("type", "ticket_type", "request_type"),
        "channel": ("via", "contact_type", "source_channel"),
        "agent": ("assignee", "assigned_to", "owner", "handled_by"),
        "team": ("group", "assignment_group", "department", "queue"),
        "status": ("state", "ticket_status", "ident_state"),
        "waited_seconds": ("wait_seconds", "waiting_seconds", "wait_time_seconds"),
    },
    "answers": {
        "submission_id": ("response_id", "respondent_id", "response", "id", "token", "responseid"),
        "customer_id": ("customer", "customer_number", "customer_no", "client_id"),
        "answered_at": (
            "submitted_at", "submit_date", "submitted", "response_date", "responded_at", "completed_at", "end_date",
            "recorded_date", "date", "timestamp", "answered", "survey_date",
        ),
        "asked_at": ("sent_at", "invited_at", "start_date"),
        "about": ("reference", "order_id", "order_number", "order_no", "ticket_id", "ticket_number"),
        "survey_id": ("survey_name",),
        "kind": ("survey_type", "trigger", "survey"),
        "channel": ("survey_channel", "distribution_channel", "via"),
        "language": ("user_language",),
        "unit": ("store", "shop", "branch"),
        "weight": ("weights", "survey_weight"),
    },
    "mentions": {
        "mention_id": ("review_id", "review", "id"),
        "posted_at": ("date", "review_date", "created_at", "submitted_at"),
        "rating": ("stars", "star_rating", "score"),
        "text": ("review_text", "body", "comment", "review"),
        "author": ("reviewer", "user", "name"),
    },
    "invitations": {"invitation_id": ("invite_id", "invitation"), "sent_at": ("sent", "invited_at")},
    "events": {"event_id": ("event",), "occurred_at": ("timestamp", "time", "event_time", "date")},
    "accounts": {"account_id": ("account", "company_id", "company")},
}  # fmt: skip

PEOPLE: Dict[str, tuple[str, ...]] = {
    "email": (
        "email",
        "e_mail",
        "email_address",
        "e_mail_address",
        "customer_email",
        "contact_email",
        "requester_email",
    ),
    "phone": ("phone", "phone_number", "telephone", "mobile", "customer_phone"),
}

# numbers that a tool gives to people for itself: they mean nothing to another system
TOOL_NUMBERS = ("user_id", "requester_id", "caller_id", "respondent", "contact_id", "member_id")


def normal(header: str) -> str:
    """A header in normal form: `First Reply (At)` and `firstReplyAt` are both `first_reply_at`."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", header)
    return re.sub(r"[^\w]+", "_", spaced.lower(), flags=re.UNICODE).strip("_")
