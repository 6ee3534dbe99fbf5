import GatewayCore
import MQTTLink
import SQLiteStore
import Sparkplug

/// `/etc/steward/steward.json` as values. An unknown key, a wrong type or a missing file is refused with its place.
public struct GatewayConfiguration: Sendable {
    public struct Store: Sendable {
        public var path = "/var/lib/steward/steward.db"
        /// How much of the raw inbox is kept behind the snapshots, for replay.
        public var keepInboxBytes: Int64 = 256 << 20
        public var historyDays: Double = 30
        public var historyBytes: Int64 = 1 << 30
        public var onDamage = OnDamage.goOn
    }

    /// What a start does with a store that has lost something.
    public enum OnDamage: String, Sendable, CaseIterable {
        case refuse
        /// Names what is missing, and asks a person before anything is ordered or commanded.
        case goOn = "continue"
    }

    public struct HTTP: Sendable {
        public var listen = "127.0.0.1:8420"
        /// A file with the token that opens everything, reading included. Without one the operator's token beside the store is needed for
        /// changes and costly questions, and reading is open to who can connect (`Credential`).
        public var tokenFile: String?
        /// Further names under which a reverse proxy may ask for a gateway that listens on loopback.
        public var allowedHosts: [String] = []
    }

    public var gatewayID = "steward"
    public var mqtt: MQTTSettings
    public var store = Store()
    public var profiles = ["/usr/share/steward/DeviceProfiles", "/etc/steward/profiles.d"]
    public var http = HTTP()
    /// How to reach each supplier; the decisions are in `core.replenishment`. Without one, orders are decided and recorded, and sent nowhere.
    public var suppliers: [SupplierSettings] = []
    /// The short form of a supplier, a webhook that gets every order that no other supplier gets. It is among `suppliers` under the name `orders`.
    public var orders: SupplierSettings?
    /// The webhook that gets tickets.
    public var tickets: SupplierSettings?
    public var core = CoreConfiguration()
    public var limits = StoreLimits()
    /// The process's own limit of writable memory; nil fits it to the control group's, 0 sets none.
    public var memoryMegabytes: Int?

    /// The broker and how to reach it, with file names still to be read.
    public struct MQTTSettings: Sendable {
        public var host = "127.0.0.1"
        public var port = 1883
        public var clientID = "steward"
        public var version = MQTTConfiguration.Version.automatic
        public var username: String?
        public var passwordFile: String?
        public var keepAliveSeconds = 60
        public var receiveMaximum = 1000
        /// Empty: what the profiles read.
        public var subscriptions: [String] = []
        /// Under this id the gateway tells Sparkplug B edge nodes that their host application is there; nil: it tells nothing.
        public var sparkplugHostID: String?
        /// In which forms it tells so. At least one.
        public var sparkplugStates: [SparkplugState] = [.version30]
        public var caFile: String?
        public var certificateFile: String?
        public var keyFile: String?
        public var isTLS = false
    }

    public init() { mqtt = MQTTSettings() }
}
