import CoreViews
import Documents
import GatewayCore
import HTTPService
import Replenishment
import SQLiteStore
import Synchronization
import Threading

/// `/metrics` in the Prometheus text format.
extension GatewayAPI {
    func metrics() -> HTTPResponse {
        var page = MetricsPage()
        let s = statistics
        page.counter("steward_messages_committed_total", "Events committed to the inbox and then acknowledged.", s.messagesCommitted)
        page.counter("steward_messages_processed_total", "Messages decoded, judged and decided.", s.messagesProcessed)
        page.counter("steward_batches_total", "Commits that held messages.", s.batches)
        page.counter("steward_committed_bytes_total", "Bytes of topics and payloads committed.", s.bytesCommitted)
        page.counter("steward_commit_failures_total", "Commits that the store refused.", s.commitFailures)
        page.counter("steward_deliveries_total", "Outbox entries delivered.", s.deliveriesSucceeded)
        page.counter("steward_delivery_failures_total", "Tries that failed and are repeated.", s.deliveryFailures)
        page.counter("steward_deliveries_abandoned_total", "Outbox entries given up.", s.deliveriesAbandoned)
        page.counter("steward_outbox_key_conflicts_total", "Deliveries not sent because another one has their key.", s.outboxKeyConflicts)
        page.counter("steward_snapshots_total", "Snapshots taken.", s.snapshots)
        page.counter("steward_snapshot_failures_total", "Snapshots that could not be saved and are tried again.", s.snapshotFailures)
        page.gauge("steward_snapshot_bytes", "Size of the newest snapshot since the start.", s.snapshotBytes)
        page.counter("steward_oversized_messages_total", "Messages whose payload was too large to be kept.", s.oversizedMessages)
        page.counter("steward_dead_letters_replayed_total", "Dead letters that were taken once more.", s.replayedLetters)
        page.counter("steward_profile_reloads_total", "Reloads of the device profiles.", s.profileReloads)
        page.counter("steward_profile_reload_failures_total", "Reloads refused because of a mistake in a profile.", s.profileReloadFailures)
        page.gauge("steward_broker_connected", "1 while the broker connection stands.", s.isConnected.load(ordering: .relaxed) ? 1 : 0)
        let subscriptions = statistics.subscriptions.withLock { $0 }
        page.gauge("steward_subscriptions_wanted", "Topic filters that the gateway wants.", Int64(subscriptions.wanted))
        page.gauge("steward_subscriptions_granted", "Topic filters that the broker has granted.", Int64(subscriptions.granted))
        page.gauge("steward_store_writable", "1 while the store takes commits.", s.isStoreWritable.load(ordering: .relaxed) ? 1 : 0)
        page.gauge(
            "steward_deliveries_held_back", "1 while deliveries wait because damage of the store was not seen by anybody.",
            s.heldBackSince.load(ordering: .relaxed) == .min ? 0 : 1)
        page.gauge(
            "steward_start_time_milliseconds", "When the program began, since 1970.", Clock.wallMilliseconds() - s.uptimeMilliseconds)
        page.counter("steward_clock_steps_total", "Steps of the gateway's clock.", s.clockSteps)
        page.gauge(
            "steward_clock_difference_milliseconds", "By how much the system's clock differs while the gateway does not follow it.",
            s.clockDifference)
        page.counter(
            "steward_http_connections_ended_total", "Connections ended because they were too slow or others needed the place.",
            serverCounters.connectionsEnded)
        page.counter("steward_http_foreign_requests_total", "Requests of pages of other origins, refused.", serverCounters.foreignRequests)
        page.counter(
            "steward_http_requests_refused_total", "Requests answered 503 because too many waited.", serverCounters.requestsRefused)
        // The core has published these; it is not asked, so that nobody waits and nothing is left out while it is busy.
        let figures = core.publishedFigures()
        page.gauge(
            "steward_core_answered", "0 while the core has had one piece of work in hand for 10 s: what it says of itself is old.",
            core.stalledMilliseconds < 10_000 ? 1 : 0)
        page.core(figures.counters, figures.totals, stateBytes: figures.stateBytes)
        page.budgets(figures.budgets)
        if let store = history.statistics() { page.store(store) }
        return HTTPResponse(contentType: "text/plain; version=0.0.4; charset=utf-8", body: Array(page.text.utf8))
    }
}

/// Builds the text of one scrape.
private struct MetricsPage {
    var text = ""

    mutating func counter(_ name: String, _ help: String, _ value: Int64) { write(name, help, "counter", value) }
    mutating func gauge(_ name: String, _ help: String, _ value: Int64) { write(name, help, "gauge", value) }

    mutating func counter(_ name: String, _ help: String, _ value: borrowing Atomic<Int64>) {
        counter(name, help, value.load(ordering: .relaxed))
    }

    mutating func gauge(_ name: String, _ help: String, _ value: borrowing Atomic<Int64>) {
        gauge(name, help, value.load(ordering: .relaxed))
    }

    private mutating func write(_ name: String, _ help: String, _ type: String, _ value: Int64) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n\(name) \(value)\n"
    }

    mutating func core(_ counters: CoreCounters, _ totals: StewardCore.Totals, stateBytes: Int) {
        counter("steward_readings_total", "Readings taken from messages.", counters.readings)
        counter("steward_repeated_messages_total", "Messages that the broker sent again and that were not counted twice.", counters.repeats)
        counter("steward_late_messages_total", "Messages older than their device's newest.", counters.late)
        counter("steward_retained_messages_total", "Retained messages.", counters.retained)
        counter("steward_dead_letters_total", "Messages that could not be used, wholly or in part.", counters.deadLetters)
        counter("steward_sparkplug_rebirths_total", "Requests for a Sparkplug B rebirth.", counters.rebirthsAsked)
        counter("steward_field_problems_total", "Members that could not be used.", counters.fieldProblems)
        counter("steward_clock_problems_total", "Messages whose own time was not believable, or was corrected.", counters.clockProblems)
        counter(
            "steward_backlog_messages_total",
            "Messages without a time of their own that came in a burst after an outage: of each metric the last word counts.",
            counters.backlog)
        counter("steward_refused_devices_total", "Messages of devices beyond the limit.", counters.refusedDevices)
        counter("steward_refused_controls_total", "Reports and requests that did not fit the state.", counters.refusedControls)
        counter("steward_suppressed_dispatches_total", "Alarms of the past that sent nothing.", counters.suppressedDispatches)
        counter("steward_alarms_raised_total", "Alarms raised.", counters.alarmsRaised)
        counter("steward_alarms_cleared_total", "Alarms cleared.", counters.alarmsCleared)
        counter("steward_commands_total", "Commands decided.", counters.commandsSent)
        counter("steward_mended_total", "Faults that a command mended, verified in telemetry.", counters.runsMended)
        counter("steward_orders_total", "Orders decided.", counters.ordersPlaced)
        counter("steward_tickets_total", "Tickets opened.", counters.ticketsOpened)
        gauge("steward_devices", "Devices known.", Int64(totals.devices))
        gauge("steward_devices_down", "Devices in unscheduled downtime.", Int64(totals.down))
        gauge("steward_devices_silent", "Devices that have said nothing for too long.", Int64(totals.silent))
        gauge("steward_devices_wrong_clock", "Devices whose clock is wrong.", Int64(totals.wrongClocks))
        gauge("steward_anomaly_metrics", "Metrics that are watched for anomalies.", Int64(totals.watchedMetrics))
        gauge(
            "steward_anomaly_metrics_refused", "Metrics that are not watched for anomalies because of limits.anomalyMetrics.",
            Int64(totals.refusedMetrics))
        gauge("steward_alarms_active", "Alarms that stand.", Int64(totals.activeAlarms))
        gauge("steward_alarms_unacknowledged", "Alarms that stand and that nobody has seen.", Int64(totals.unacknowledgedAlarms))
        gauge("steward_alarms_shelved", "Alarms that stand and were put aside.", Int64(totals.shelvedAlarms))
        gauge("steward_alarms_suppressed", "Alarms that stand because of another.", Int64(totals.suppressedAlarms))
        gauge("steward_alarms_flapping", "Alarms that come and go.", Int64(totals.flappingAlarms))
        gauge("steward_alarms_held", "Alarms that wait to set something off.", Int64(totals.heldAlarms))
        gauge("steward_maintenance_windows_open", "Maintenance windows that are open.", Int64(totals.openWindows))
        counter("steward_held_dispatches_total", "Alarms whose dispatch waited at first.", counters.heldDispatches)
        counter("steward_late_unjudged_total", "Late messages in the wrong order that moved no condition.", counters.lateUnjudged)
        counter("steward_early_messages_total", "Messages taken before the allowed lateness had passed.", counters.earlyMessages)
        gauge(
            "steward_store_damage_unseen", "Findings of damage in the store that nobody has seen: steward damage.",
            Int64(totals.unseenStoreDamage))
        gauge("steward_orders_overdue", "Orders whose present step takes too long.", Int64(totals.overdueOrders))
        text += "# HELP steward_orders_by_state Orders remembered, by state.\n# TYPE steward_orders_by_state gauge\n"
        for state in SupplyOrder.State.allCases {
            text += "steward_orders_by_state{state=\"\(state.rawValue)\"} \(totals.ordersByState[state] ?? 0)\n"
        }
        gauge("steward_state_bytes", "Bytes of device state in memory.", Int64(stateBytes))
    }

    mutating func budgets(_ figures: [(name: String, value: Int64)]) {
        text +=
            "# HELP steward_budget_total What was dropped, folded or forgotten at a limit, by kind.\n# TYPE steward_budget_total counter\n"
        for figure in figures { text += "steward_budget_total{kind=\"\(figure.name)\"} \(figure.value)\n" }
    }

    mutating func store(_ store: StoreStatistics) {
        gauge("steward_store_bytes", "Size of the store's file.", store.fileBytes)
        gauge("steward_inbox_bytes", "Bytes of raw events kept.", store.inboxBytes)
        gauge("steward_outbox_open", "Deliveries that wait.", store.outboxOpen)
        counter("steward_outbox_refused_total", "Deliveries refused because the outbox was full.", store.outboxRefused)
        gauge("steward_dead_letters_kept", "Dead letters that can be looked at.", store.deadLetters)
        counter("steward_dead_letters_dropped_total", "Dead letters dropped at the limit.", store.deadLettersDropped)
        counter("steward_journal_trimmed_total", "Journal entries dropped at the limit.", store.journalTrimmed)
        gauge("steward_history_samples", "Samples kept in closed chunks.", store.historySamples)
        gauge(
            "steward_history_horizon_milliseconds", "Samples from before this, since 1970, may be forgotten.",
            store.historyHorizonMilliseconds)
        gauge("steward_history_bytes", "Bytes of closed chunks.", store.historyBytes)
    }
}
