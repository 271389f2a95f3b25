"""What servers of others do not do, or do otherwise: the tests that are skipped for them, by name, with the reason."""

from __future__ import annotations

import pytest

CRASH = "it ends with an unhandled exception"
UNKNOWN = "not one of its routes"
RANGES = "it sends all of it"
STATUS = "it answers another status or error"
FEEDS = "feeds that stay open are told in another shape"
MANGO = "PouchDB's own query engine answers, which differs here"
NAMES = "it takes any name for a database"
LOOSE = "it takes malformed histories and documents that CouchDB refuses"
TOMBS = "it neither counts nor lists deleted leaves, save in open_revs"
SELECTORS = "_changes with a body is not one of its routes"
ALONE = "it runs without an administrator and without sessions"

GAPS: dict[str, dict[str, str]] = {
    "pouchdb-server": {
        "test_attachments_travel_with_revisions_made_elsewhere": "a stub that is written again loses its length",
        "test_a_broken_attachment_is_refused_and_leaves_nothing": CRASH,
        "test_a_type_that_no_header_can_hold_does_no_harm": "it takes them",
        "test_attachments_are_shown_as_stubs": "it does not take an attachment of 12 bytes without a type",
        "test_a_streamed_attachment_arrives_byte_for_byte": CRASH,
        "test_several_streams_each_come_under_their_name": CRASH,
        "test_pending_is_nothing_on_the_last_page_only": "it does not say how many rows follow",
        "test_leaves_come_where_they_are_asked_for_and_the_winner_first": "leaves come in another order",
        "test_a_selector_leaves_out_what_it_does_not_match": SELECTORS,
        "test_a_limit_counts_what_the_selector_lets_through": SELECTORS,
        "test_a_database_that_was_made_anew_with_as_much_in_it_is_told": "updates come one by one, without places",
        "test_a_database_that_was_made_anew_is_another_one": "it says the same of all",
        "test_a_place_in_a_database_that_is_gone_hides_nothing_of_the_next": "it takes the number as it is",
        "test_a_wait_ends_by_itself": "a longpoll has no timeout",
        "test_a_wait_ends_when_it_is_stopped": "a longpoll has no timeout",
        "test_a_database_that_is_not_there_cannot_be_deleted": "it says that it has deleted it",
        "test_a_name_that_couchdb_would_refuse_is_refused": NAMES,
        "test_a_database_counts_its_documents_live_and_deleted": TOMBS,
        "test_a_security_object_that_does_not_list_names_and_roles_is_refused": "it takes any",
        "test_what_is_missing_is_told_from_what_is_deleted": "it says missing of both",
        "test_a_malformed_document_is_refused_and_leaves_nothing": LOOSE,
        "test_documents_are_listed_by_id_without_the_deleted_ones": "its listing ends before ids beyond U+FFFF's like",
        "test_a_pack_holds_every_leaf_with_its_history": TOMBS,
        "test_leaves_that_are_known_are_left_out": TOMBS,
        "test_among_tombstones_the_longest_history_wins_and_the_document_is_deleted": TOMBS,
        "test_a_contradictory_history_is_refused": LOOSE,
        "test_missing_revisions_are_those_that_are_not_in_the_tree": "it misses ancestors whose bodies never came",
        "test_an_attachment_comes_back_with_its_digest": "it sends no Content-MD5",
        "test_deleting_an_attachment_needs_a_revision_that_has_it": STATUS,
        "test_a_range_of_an_attachment": RANGES,
        "test_bytes_that_changed_on_the_way_are_refused": "it does not look at Content-MD5",
        "test_a_stub_needs_nothing_but_to_be_one_and_a_revpos_must_agree": "a stub needs its digest",
        "test_what_is_sent_packed_is_kept_unpacked_for_who_wants_it_so": "it keeps the packed bytes",
        "test_a_document_and_its_attachments_travel_in_parts": CRASH,
        "test_attachments_that_the_asker_has_are_left_out": "it does not know atts_since",
        "test_what_did_not_change_is_not_sent_again": "it sends it again",
        "test_a_write_on_what_is_no_leaf_is_a_conflict": "it does not look at If-Match",
        "test_deleting_needs_the_revision_of_something_that_is_there": STATUS,
        "test_members_with_an_underscore_are_couchdb_s": STATUS,
        "test_a_document_is_read_with_what_is_asked_for_beside_it": TOMBS,
        "test_open_revisions_are_those_that_are_there_and_those_that_are_not": "it sends them as JSON alone",
        "test_a_document_is_copied_under_another_name_and_onto_another": "COPY does not tell the new revision",
        "test_many_revisions_are_read_at_once": STATUS,
        "test_many_revisions_may_come_in_parts": "it sends them as JSON alone",
        "test_keys_tell_what_is_there_what_is_deleted_and_what_never_was": "what is deleted has a row with a document",
        "test_several_listings_are_one_answer": UNKNOWN,
        "test_design_documents_are_kept_and_listed": UNKNOWN,
        "test_local_documents_have_one_revision_which_is_counted_up": UNKNOWN,
        "test_missing_revisions_are_told_in_both_forms": UNKNOWN,
        "test_changes_are_chosen_by_id_selector_and_design": SELECTORS,
        "test_an_open_feed_has_a_line_for_each_change_and_ends_with_its_place": FEEDS,
        "test_an_open_feed_tells_of_a_change_while_it_is_open": FEEDS,
        "test_an_open_feed_says_that_it_is_still_there": FEEDS,
        "test_a_filter_that_is_not_there_is_refused": CRASH,
        "test_a_feed_that_is_none_is_refused": "it takes it for the normal one",
        "test_events_carry_the_row_and_its_place": FEEDS,
        "test_a_selector_finds_what_it_describes[pouchdb-server-selector6-23]": "$ne holds for what is not there too",
        "test_a_selector_finds_what_it_describes[pouchdb-server-selector21-4]": "it does not know $beginsWith",
        "test_documents_come_page_by_page": "it has no bookmarks",
        "test_a_sorting_needs_an_index": STATUS,
        "test_indexes_are_listed_and_taken_away": MANGO,
        "test_a_query_is_explained": MANGO,
        "test_a_query_that_is_none_is_refused": MANGO,
        "test_a_database_s_life_is_told": "updates come one by one, without places",
        "test_a_wait_for_updates_ends_when_something_is_written": "updates come one by one, without places",
        "test_a_wait_for_updates_ends_by_itself_and_when_it_is_stopped": "updates come one by one, without places",
        "test_the_server_says_what_it_is": "it says that it is express-pouchdb",
        "test_identifiers_are_made_and_not_kept_by_caches": "they are UUIDs with hyphens",
        "test_a_name_may_hold_signs": "it makes no database with a slash in its name",
        "test_a_new_database_tells_its_address_and_is_made_once": NAMES,
        "test_databases_are_listed_by_range_and_page": "it lists them all",
        "test_several_databases_are_described_at_once": UNKNOWN,
        "test_a_database_describes_itself": TOMBS,
        "test_what_a_form_could_send_is_not_taken_for_json": "it takes it",
        "test_limits_are_read_and_set": UNKNOWN,
        "test_a_history_is_cut_to_the_limit": UNKNOWN,
        "test_a_purged_document_has_never_been": UNKNOWN,
        "test_purging_one_branch_leaves_the_other": UNKNOWN,
        "test_who_asks_is_told": ALONE,
        "test_a_session_begins_with_a_password_and_lasts_by_its_cookie": ALONE,
    },
    "couchdb": {
        "test_a_contradictory_history_is_refused": "it lets some of these through",
        "test_a_type_that_no_header_can_hold_does_no_harm": "it takes them",
    },
}


def gap(server: str, test: pytest.Item | pytest.Collector) -> str | None:
    """Why a test does not hold for a server; None where it does."""
    name = getattr(test, "originalname", test.name)
    gaps = GAPS.get(server, {})
    return gaps.get(name) or gaps.get(test.name)
