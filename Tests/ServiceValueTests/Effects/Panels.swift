@testable import ServiceValue

/// Small panels for tests.
enum Panels {
    /// One value a device and period of `days` each; nil where nothing is known.
    static func arms(_ rows: [(id: String, arm: RolloutArm?, values: [Double?])], from day: Int = 0) throws -> OutcomePanel {
        try OutcomePanel(
            units: rows.map { .init(id: $0.id, site: "", assignment: $0.arm.map { .arm($0) } ?? .none) },
            observations: rows.flatMap { row in
                row.values.enumerated().compactMap { place, value in
                    value.map { .init(unit: row.id, day: day + place, amount: $0, exposure: 1) }
                }
            })
    }

    /// Sites of one device each.
    static func steps(_ rows: [(site: String, adopts: Int?, values: [Double?])]) throws -> OutcomePanel {
        try OutcomePanel(
            units: rows.map { .init(id: "of-" + $0.site, site: $0.site, assignment: .adopts($0.adopts)) },
            observations: rows.flatMap { row in
                row.values.enumerated().compactMap { day, value in
                    value.map { .init(unit: "of-" + row.site, day: day, amount: $0, exposure: 1) }
                }
            })
    }
}
