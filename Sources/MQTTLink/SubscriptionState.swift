import CMosquitto

/// Which topic filters are wanted, which the session at the broker is believed to hold, and what is to be asked next.
///
/// A repeated SUBSCRIBE makes the broker send every retained message of that filter again, so a filter that was granted is not asked
/// for again while the session is kept. A new process asks once for all: it may have been away for long, and who mended the broker's
/// access rules expects a restart to help. What the session holds and nobody wants any more would fill the inbox for ever, and is
/// unsubscribed.
struct SubscriptionState {
    enum Request: Equatable {
        case subscribe([String])
        case unsubscribe([String])

        var filters: [String] {
            switch self {
            case .subscribe(let filters), .unsubscribe(let filters): filters
            }
        }
    }

    private(set) var wanted: [String]
    /// Filters that the session may have; in doubt a filter is among them.
    private(set) var inSession: Set<String>
    private var granted: Set<String> = []
    /// Until they are granted, also while they are asked for again.
    private var refused: [String: MQTTError] = [:]
    /// Requests of the present connection that are not answered yet, by message id.
    private var open: [Int32: Request] = [:]
    private var retry: Backoff
    /// When the refused ones are asked for again; nil while that is still to be fixed.
    private var retryAtMilliseconds: Int64?

    /// - Parameter inSession: filters that an earlier process may have left in the session.
    init(wanted: [String], inSession: [String], minimumRetryMilliseconds: Int64 = 5_000, maximumRetryMilliseconds: Int64 = 300_000) {
        self.wanted = wanted
        self.inSession = Set(inSession)
        retry = Backoff(minimumMilliseconds: minimumRetryMilliseconds, maximumMilliseconds: maximumRetryMilliseconds)
    }

    var isComplete: Bool { wanted.allSatisfy(granted.contains) }
    /// Those that are granted, and those that were refused with the reason, in the order of the wish.
    var grantedFilters: [String] { wanted.filter(granted.contains) }
    var refusals: [(filter: String, error: MQTTError)] { wanted.compactMap { filter in refused[filter].map { (filter, $0) } } }

    mutating func want(_ filters: [String]) {
        wanted = filters
        granted.formIntersection(filters)
        refused = refused.filter { filters.contains($0.key) }
    }

    mutating func connected(sessionPresent: Bool) {
        open = [:]
        refused = [:]
        retryAtMilliseconds = nil
        retry.reset()
        guard !sessionPresent else { return }
        granted = []
        inSession = []
    }

    /// What is to be sent now, in this order: a new filter is asked for before the one that it may stand for is given up.
    mutating func dueRequests(nowMilliseconds now: Int64) -> [Request] {
        var isRetry = false
        if refused.isEmpty {
            retryAtMilliseconds = nil
        } else if let at = retryAtMilliseconds {
            isRetry = now >= at
            if isRetry { retryAtMilliseconds = now + retry.next() }
        } else {
            retryAtMilliseconds = now + retry.next()
        }
        var asked: Set<String> = []
        var leaving: Set<String> = []
        for request in open.values {
            switch request {
            case .subscribe(let filters): asked.formUnion(filters)
            case .unsubscribe(let filters): leaving.formUnion(filters)
            }
        }
        var requests: [Request] = []
        // What is on its way out has to be out before it can be asked for again.
        let missing = wanted.filter {
            !granted.contains($0) && (isRetry || refused[$0] == nil) && !asked.contains($0) && !leaving.contains($0)
        }
        if !missing.isEmpty { requests.append(.subscribe(missing)) }
        let surplus = inSession.subtracting(wanted).subtracting(leaving).subtracting(asked).sorted()
        if !surplus.isEmpty { requests.append(.unsubscribe(surplus)) }
        return requests
    }

    mutating func sent(_ request: Request, messageID: Int32) {
        open[messageID] = request
        if case .subscribe(let filters) = request { inSession.formUnion(filters) }
    }

    /// The library would not send it.
    mutating func failed(_ request: Request, _ error: MQTTError) -> [ConnectionEvent] {
        guard case .subscribe(let filters) = request else { return [] }
        for filter in filters { refused[filter] = error }
        return filters.map { .subscriptionRefused(filter: $0, error) }
    }

    /// The SUBACK: one code a filter, 0 to 2 the granted QoS, 128 and above a refusal.
    mutating func answered(messageID: Int32, codes: [Int32]) -> [ConnectionEvent] {
        guard case .subscribe(let filters)? = open.removeValue(forKey: messageID) else { return [] }
        var events: [ConnectionEvent] = []
        for (index, filter) in filters.enumerated() where wanted.contains(filter) {
            // A SUBACK that is too short grants nothing.
            let code = index < codes.count ? codes[index] : 128
            if code == 1 {
                granted.insert(filter)
                refused[filter] = nil
                continue
            }
            let error = Self.refusal(code)
            refused[filter] = error
            events.append(.subscriptionRefused(filter: filter, error))
        }
        if isComplete {
            retry.reset()
            events.append(.subscribed)
        }
        return events
    }

    /// The UNSUBACK.
    mutating func unsubscribed(messageID: Int32) -> [ConnectionEvent] {
        guard case .unsubscribe(let filters)? = open.removeValue(forKey: messageID) else { return [] }
        inSession.subtract(filters)
        granted.subtract(filters)
        return [.unsubscribed(filters: filters)]
    }

    /// MQTT 3.1.1 knows only "failure"; MQTT 5, table 3.8, says why.
    private static func refusal(_ code: Int32) -> MQTTError {
        let message =
            switch code {
            case 0, 2: "the broker granted QoS \(code) instead of 1, so messages can be lost: raise max_qos in the broker's configuration"
            case 0x87: "the broker does not allow it: let its access rules (ACL, roles) allow this client to subscribe to it"
            case 0x8F, 0x9E, 0xA1, 0xA2:
                "the broker does not take this filter (\(MQTTError.reasonText(code))): change mqtt.subscriptions or the profile"
            case 0x97: "the broker is over its quota of subscriptions: raise it at the broker"
            default: "the broker refuses it without a reason: look at its access rules (ACL, roles), its plugins and its log"
            }
        return MQTTError(code: code, operation: "subscribe", message: message)
    }
}
