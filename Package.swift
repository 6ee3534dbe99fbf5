// swift-tools-version: 6.0
// Steward names no Swift package. What is not the gateway's own business comes from C libraries of Debian.
import PackageDescription

let pure: [Target] = [
    .target(name: "Documents"),
    .target(name: "Hashing", dependencies: ["CCrypto"]),
    .target(name: "CivilCalendar"),
    .target(name: "SampleCodec"),
    .target(name: "Sparkplug", dependencies: ["CivilCalendar", "CZlib", "Documents", "Hashing"]),
    .target(name: "Telemetry", dependencies: ["CivilCalendar", "CSimdjson", "Documents", "Hashing"]),
    .target(name: "FaultDetection", dependencies: ["CivilCalendar", "Documents", "Hashing", "Telemetry"]),
    .target(name: "ConsumableForecast", dependencies: ["CivilCalendar", "Documents", "Telemetry"]),
    .target(name: "RemoteSupport", dependencies: ["CivilCalendar", "Hashing", "Telemetry"]),
    .target(name: "Replenishment", dependencies: ["CivilCalendar", "Documents", "Hashing", "Telemetry"]),
    .target(name: "ServiceValue", dependencies: ["CivilCalendar", "Hashing"]),
    .target(
        name: "GatewayCore",
        dependencies: [
            "CivilCalendar", "ConsumableForecast", "Documents", "FaultDetection", "Hashing", "RemoteSupport", "Replenishment",
            "SampleCodec", "ServiceValue", "Sparkplug", "Telemetry",
        ]),
    .target(
        name: "CoreViews",
        dependencies: [
            "CivilCalendar", "ConsumableForecast", "Documents", "FaultDetection", "GatewayCore", "RemoteSupport", "Replenishment",
            "SampleCodec", "ServiceValue", "Telemetry",
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
    // Compressed Sparkplug payloads.
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
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
    .target(name: "Outbound", dependencies: ["CCrypto", "CCurl"]),
    .target(name: "XMLReading", dependencies: ["CLibXML"]),
]

let shell: [Target] = [
    .target(
        name: "Gateway",
        dependencies: [
            "CivilCalendar", "CMalloc", "CoreViews", "CSystemd", "CTimex", "Documents", "FaultDetection", "GatewayCore", "Hashing",
            "HTTPService",
            "MQTTLink", "Outbound", "Replenishment", "SampleCodec", "ServiceValue", "Sparkplug", "SQLiteStore", "Telemetry", "Threading",
            "XMLReading",
        ]),
    // What both programs share: their command lines, and text for terminals.
    .target(name: "TerminalProgram", dependencies: ["Documents", "Threading"]),
    .executableTarget(
        name: "steward",
        dependencies: [
            "CivilCalendar", "Documents", "FaultDetection", "Gateway", "GatewayCore", "Outbound", "Telemetry", "TerminalProgram",
            "Threading",
        ],
        // Every symbol is bound at start, so that the table of addresses can be read-only from then on (full RELRO).
        linkerSettings: [.unsafeFlags(["-Xlinker", "-z", "-Xlinker", "now"])]),
]

/// What is not for a site: a fleet of simulated devices and a supplier, and the measurements.
let tools: [Target] = [
    .target(
        name: "SimulatedFleet",
        dependencies: [
            "CivilCalendar", "ConsumableForecast", "Documents", "GatewayCore", "HTTPService", "MQTTLink", "Outbound", "Replenishment",
            "ServiceValue", "Telemetry", "Threading",
        ]),
    .target(
        name: "Benchmarks",
        dependencies: [
            "ConsumableForecast", "Documents", "FaultDetection", "GatewayCore", "Replenishment", "SampleCodec", "Sparkplug", "Telemetry",
        ],
        path: "Tests/Benchmarks", exclude: ["asked_drain.py", "latency.py", "memory.py", "questions.py"]),
    .executableTarget(
        name: "steward-tools",
        dependencies: [
            "Benchmarks", "CivilCalendar", "Documents", "Gateway", "Outbound", "ServiceValue", "SimulatedFleet", "TerminalProgram",
            "Threading",
        ]),
]

let tests: [Target] = [
    // What several test targets need.
    .target(name: "TestSupport", dependencies: ["CivilCalendar"], path: "Tests/TestSupport"),
    .testTarget(name: "DocumentsTests", dependencies: ["Documents", "TestSupport"]),
    .testTarget(name: "CivilCalendarTests", dependencies: ["CivilCalendar", "TestSupport"]),
    .testTarget(name: "SampleCodecTests", dependencies: ["SampleCodec", "TestSupport"]),
    .testTarget(name: "SparkplugTests", dependencies: ["CZlib", "Documents", "Sparkplug", "TestSupport"]),
    .testTarget(
        name: "TelemetryTests", dependencies: ["CivilCalendar", "Documents", "Hashing", "Telemetry", "TestSupport"]),
    .testTarget(
        name: "FaultDetectionTests", dependencies: ["CivilCalendar", "Documents", "FaultDetection", "Telemetry", "TestSupport"],
        exclude: ["Golden"]),
    .testTarget(
        name: "ConsumableForecastTests", dependencies: ["CivilCalendar", "ConsumableForecast", "Telemetry", "TestSupport"],
        exclude: ["Golden"]),
    .testTarget(name: "RemoteSupportTests", dependencies: ["Hashing", "RemoteSupport", "Telemetry"]),
    .testTarget(name: "ReplenishmentTests", dependencies: ["CivilCalendar", "Replenishment", "TestSupport"]),
    .testTarget(name: "ServiceValueTests", dependencies: ["CivilCalendar", "Documents", "ServiceValue", "TestSupport"]),
    .testTarget(
        name: "GatewayCoreTests",
        dependencies: [
            "CivilCalendar", "ConsumableForecast", "CoreViews", "Documents", "FaultDetection", "GatewayCore", "Hashing", "RemoteSupport",
            "Replenishment", "SampleCodec", "ServiceValue", "Sparkplug", "Telemetry", "TestSupport",
        ],
        exclude: ["Golden"]),
    .testTarget(name: "MQTTLinkTests", dependencies: ["MQTTLink", "Threading"]),
    .testTarget(name: "SQLiteStoreTests", dependencies: ["CSQLite", "SQLiteStore", "TestSupport"]),
    .testTarget(name: "HTTPServiceTests", dependencies: ["HTTPService"]),
    .testTarget(name: "OutboundTests", dependencies: ["Outbound"]),
    .testTarget(name: "XMLReadingTests", dependencies: ["Replenishment", "XMLReading"]),
    .testTarget(
        name: "GatewayTests",
        dependencies: [
            "CivilCalendar", "CoreViews", "CSQLite", "Documents", "Gateway", "GatewayCore", "HTTPService", "MQTTLink", "Replenishment",
            "Sparkplug", "SQLiteStore", "Telemetry", "Threading",
        ]),
    .testTarget(
        name: "SimulationTests",
        dependencies: [
            "CoreViews", "CSQLite", "Documents", "Gateway", "GatewayCore", "MQTTLink", "SampleCodec", "SQLiteStore", "Telemetry",
            "TestSupport", "Threading",
        ],
        path: "Tests/Simulation"),
    .testTarget(
        name: "SimulatedFleetTests",
        dependencies: [
            "CivilCalendar", "Documents", "GatewayCore", "HTTPService", "Outbound", "ServiceValue", "SimulatedFleet", "Telemetry",
            "TestSupport", "Threading",
        ]),
    .testTarget(name: "StewardTests", dependencies: ["HTTPService", "steward", "TerminalProgram"]),
]

// The hot path crosses from GatewayCore into Telemetry and FaultDetection for each reading; without this each such call stays a call.
for target in pure + adapters + shell + tools {
    target.swiftSettings = [.unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))]
}
// A file imports every module whose members it uses, not only those whose types it names.
for target in pure + adapters + shell + tools + tests {
    target.swiftSettings = (target.swiftSettings ?? []) + [.enableUpcomingFeature("MemberImportVisibility")]
}

let package = Package(
    name: "steward",
    targets: pure + libraries + adapters + shell + tools + tests,
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
