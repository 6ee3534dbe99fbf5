import Documents
import GatewayCore

/// Maintenance windows, and what devices hang on.
extension ConfigurationReader {
    static func maintenance(_ reader: ObjectReader, _ configuration: inout GatewayConfiguration) {
        var windows: [MaintenanceWindow] = []
        for entry in reader.list("maintenance", "a maintenance window") {
            let window = MaintenanceReader.window(entry, by: "the configuration")
            entry.finish()
            guard let window else { continue }
            if windows.contains(where: { $0.id == window.id }) {
                reader.report.add("the maintenance window \(window.id) stands twice", at: entry.node.position)
            }
            windows.append(window)
        }
        if windows.count > 64 { reader.report.add("\"maintenance\" may have at most 64 windows", at: reader.node.position) }
        configuration.core.maintenance = windows
    }

    /// `devices: { "sensor-1": { parent: "bridge-1" }, "printer-7": { expected: { profile: "office-printer", withinHours: 8 } } }`
    static func devices(_ reader: ObjectReader, _ configuration: inout GatewayConfiguration) {
        for (member, device) in reader.named("devices", "what is known of a device") {
            let parent = device.string("parent")
            if let expected = device.object("expected", "what is expected of a device") { expect(member.key, expected, &configuration) }
            device.finish()
            if parent == member.key { reader.report.add("\"\(member.key)\" cannot hang on itself", at: member.keyPosition) }
            if let parent { configuration.core.parents[member.key] = parent }
        }
    }

    private static func expect(_ name: String, _ reader: ObjectReader, _ configuration: inout GatewayConfiguration) {
        let profile = reader.requiredString("profile", "the name of the profile that reads it")
        var within: Int64 = 86_400_000
        reader.read("withinHours", in: 1...8760, into: &within, times: 3_600_000)
        reader.finish()
        if let problem = ExpectedDevice.problem(name: name) { reader.report.add(problem, at: reader.node.position) }
        if let profile { configuration.core.expected[name] = ExpectedDevice(profile: profile, withinMilliseconds: within) }
    }
}
