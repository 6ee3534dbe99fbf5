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

    /// `devices: { "sensor-1": { parent: "bridge-1" } }`
    static func devices(_ reader: ObjectReader, _ configuration: inout GatewayConfiguration) {
        for (member, device) in reader.named("devices", "what is known of a device") {
            let parent = device.string("parent")
            device.finish()
            if parent == member.key { reader.report.add("\"\(member.key)\" cannot hang on itself", at: member.keyPosition) }
            if let parent { configuration.core.parents[member.key] = parent }
        }
    }
}
