// swift-tools-version: 6.0
// Steward names no Swift package. What is not the gateway's own business comes from C libraries of Debian.
import PackageDescription

let pure: [Target] = [
    .target(name: "Telemetry", dependencies: ["CSimdjson", "CCrypto"]),
    .target(name: "FaultDetection", dependencies: ["Telemetry"]),
    .target(name: "ConsumableForecast", dependencies: ["Telemetry"]),
    .target(name: "RemoteSupport", dependencies: ["Telemetry"]),
    .target(name: "Replenishment", dependencies: ["Telemetry"]),
    .target(name: "ServiceValue", dependencies: ["Telemetry"]),
    .target(
        name: "GatewayCore",
        dependencies: [
            "Telemetry", "FaultDetection", "ConsumableForecast", "RemoteSupport", "Replenishment", "ServiceValue",
        ]),
]

/// Checks of buffer bounds that glibc and libstdc++ add where sizes are known, and of the stack. They need an optimised build.
let hardening: [CXXSetting] = [
    .define("_FORTIFY_SOURCE", to: "2", .when(configuration: .release)),
    .define("_GLIBCXX_ASSERTIONS", .when(configuration: .release)),
    .unsafeFlags(["-fstack-protector-strong"], .when(configuration: .release)),
]

let libraries: [Target] = [
    .systemLibrary(name: "CMosquitto", pkgConfig: "libmosquitto", providers: [.apt(["libmosquitto-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    // XXH3, inlined from its header: nothing is linked.
    .systemLibrary(name: "CXXHash", providers: [.apt(["libxxhash-dev"])]),
    .systemLibrary(name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CLibXML", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    // glibc's <malloc.h>, which Swift's own module of it leaves out.
    .systemLibrary(name: "CMalloc"),
    // glibc's <sys/timex.h>, left out as well: whether the kernel's clock is synchronised.
    .systemLibrary(name: "CTimex"),
    .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
    // A thin C face over simdjson, which is C++: parse, and hand out the tape.
    .target(name: "CSimdjson", cxxSettings: hardening, linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("m")]),
]

let adapters: [Target] = [
    // Lock, thread, wake and clock, over pthread: what adapters and shell share.
    .target(name: "Threading"),
    .target(name: "MQTTLink", dependencies: ["CMosquitto", "Threading"]),
    .target(name: "SQLiteStore", dependencies: ["CSQLite", "CXXHash"]),
    .target(name: "HTTPService", dependencies: ["CMicroHTTPD", "Threading"]),
    .target(name: "Outbound", dependencies: ["CCurl", "CCrypto"]),
    .target(name: "XMLReading", dependencies: ["CLibXML"]),
]

let shell: [Target] = [
    .target(
        name: "Gateway",
        dependencies: [
            "GatewayCore", "MQTTLink", "SQLiteStore", "HTTPService", "Outbound", "XMLReading", "Threading", "CMalloc", "CTimex", "CSystemd",
        ]),
    // A fleet of simulated devices and a supplier, for the demo and for trying things.
    .target(name: "SimulatedFleet", dependencies: ["Telemetry", "MQTTLink", "HTTPService", "Outbound", "Threading"]),
    // `steward bench` runs it.
    .target(
        name: "Benchmarks", dependencies: ["GatewayCore", "Telemetry"], path: "Tests/Benchmarks",
        exclude: ["latency.py", "memory.py", "questions.py"]),
    .executableTarget(
        name: "steward", dependencies: ["Gateway", "HTTPService", "Outbound", "SimulatedFleet", "Telemetry", "Threading", "Benchmarks"],
        // Every symbol is bound at start, so that the table of addresses can be read-only from then on (full RELRO).
        linkerSettings: [.unsafeFlags(["-Xlinker", "-z", "-Xlinker", "now"])]),
]

let tests: [Target] = [
    .testTarget(name: "TelemetryTests", dependencies: ["Telemetry"]),
    .testTarget(name: "FaultDetectionTests", dependencies: ["FaultDetection"]),
    .testTarget(name: "ConsumableForecastTests", dependencies: ["ConsumableForecast"]),
    .testTarget(name: "RemoteSupportTests", dependencies: ["RemoteSupport"]),
    .testTarget(name: "ReplenishmentTests", dependencies: ["Replenishment"]),
    .testTarget(name: "ServiceValueTests", dependencies: ["ServiceValue"]),
    .testTarget(name: "GatewayCoreTests", dependencies: ["GatewayCore"]),
    .testTarget(name: "MQTTLinkTests", dependencies: ["MQTTLink", "Threading"]),
    .testTarget(name: "SQLiteStoreTests", dependencies: ["SQLiteStore"]),
    .testTarget(name: "HTTPServiceTests", dependencies: ["HTTPService"]),
    .testTarget(name: "OutboundTests", dependencies: ["Outbound"]),
    .testTarget(name: "XMLReadingTests", dependencies: ["XMLReading", "Replenishment"]),
    .testTarget(name: "GatewayTests", dependencies: ["Gateway", "MQTTLink", "Threading", "CSQLite"]),
    .testTarget(name: "SimulatedFleetTests", dependencies: ["SimulatedFleet", "Threading"]),
    .testTarget(name: "StewardTests", dependencies: ["steward", "HTTPService", "Gateway"]),
]

// The hot path crosses from GatewayCore into Telemetry and FaultDetection for each reading; without this each such call stays a call.
for target in pure + adapters + shell {
    target.swiftSettings = [.unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))]
}

let package = Package(
    name: "steward",
    targets: pure + libraries + adapters + shell + tests,
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
