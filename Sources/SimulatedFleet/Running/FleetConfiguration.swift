/// What to simulate and whom to talk to.
public struct FleetConfiguration: Sendable, Equatable {
    public var brokerHost = "127.0.0.1"
    public var brokerPort = 1883
    /// 1 to `Fleet.maximumDevices`.
    public var devices = 40
    /// The same seed gives the same devices with the same lives, but for the commands they get.
    public var seed: UInt64 = 1
    /// 0 to 366. So many days of hourly reports are told at the start; forecasts need some evidence.
    public var historyDays = 14
    /// Seconds between two live reports of a device, 0.1 to 3600.
    public var reportSeconds = 2.0
    /// Faults of one device in an hour of the live phase, 0 to 3600.
    public var faultsPerDevicePerHour = 30.0
    /// Where order webhooks are taken, such as "127.0.0.1:0"; nil for no supplier.
    public var supplierListen: String? = "127.0.0.1:0"
    /// The gateway's HTTP address, such as "http://127.0.0.1:8420"; nil: nobody tells of deliveries, and no customer answers.
    public var apiURL: String?
    /// The operator's token of that gateway.
    public var apiToken: String?
    /// Verifies incoming webhooks and signs what is posted; nil for neither.
    public var webhookSecret: String?
    public var supplier = SupplierTemper()
    /// The share of customers who answer after a recovery or a delivery, 0 to 1.
    public var surveyShare = 0.5

    public init() {}

    /// Throws what is wrong, and what is expected instead.
    public func validate() throws(FleetError) {
        guard (1...Fleet.maximumDevices).contains(devices) else {
            throw FleetError("devices is \(devices), expected 1 to \(Fleet.maximumDevices)")
        }
        guard (0...366).contains(historyDays) else { throw FleetError("historyDays is \(historyDays), expected 0 to 366") }
        guard (0.1...3600).contains(reportSeconds) else { throw FleetError("reportSeconds is \(reportSeconds), expected 0.1 to 3600") }
        guard (0...3600).contains(faultsPerDevicePerHour) else {
            throw FleetError("faultsPerDevicePerHour is \(faultsPerDevicePerHour), expected 0 to 3600")
        }
        guard (0...1).contains(surveyShare) else { throw FleetError("surveyShare is \(surveyShare), expected 0 to 1") }
        guard (0...1).contains(supplier.failureShare) else {
            throw FleetError("supplier.failureShare is \(supplier.failureShare), expected 0 to 1")
        }
        if let apiURL, !apiURL.hasPrefix("http://"), !apiURL.hasPrefix("https://") {
            throw FleetError("apiURL is \"\(apiURL)\", expected something like \"http://127.0.0.1:8420\"")
        }
    }

    /// The API's address without the slash at its end.
    var apiBase: String? {
        guard var base = apiURL else { return nil }
        while base.hasSuffix("/") { base.removeLast() }
        return base
    }
}

/// How quick and how reliable the supplier is.
public struct SupplierTemper: Sendable, Equatable {
    /// The share of orders whose first delivery is answered 500, 0 to 1.
    public var failureShare = 0.2
    /// Between two steps of an order: accepted, shipped, delivered.
    public var stepMilliseconds: ClosedRange<Int64> = 2_000...4_000
    /// From the delivery until somebody puts the cartridge in.
    public var installationMilliseconds: ClosedRange<Int64> = 3_000...6_000

    public init() {}
}

/// Why the fleet does not run; the description says what to do.
public struct FleetError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
