/// Profiles for devices that announce themselves to Home Assistant, made from their announcements.
public struct DiscoveryProposal: Sendable {
    public private(set) var profiles: [ProposedProfile] = []
    /// Announcements that could not be read.
    public private(set) var notes: [String] = []

    /// - Parameter prefix: the first levels of announcements, `homeassistant` unless Home Assistant is told otherwise.
    public init(_ messages: [RecordedMessage], prefix: String = "homeassistant") {
        let reader = DiscoveryReader(messages, prefix: prefix)
        notes = reader.notes
        var devices: [String: Device] = [:]
        var order: [String] = []
        for entity in reader.entities {
            if devices[entity.deviceKey] == nil { order.append(entity.deviceKey) }
            devices[entity.deviceKey, default: Device(entity)].add(entity)
        }
        var made: [Device] = []
        for key in order {
            guard var device = devices[key] else { continue }
            if device.place() { made.append(device) } else { notes.append("left out: \(device.title): \(device.reason)") }
        }
        profiles = Self.clusters(made).map(Self.profile)
        ProposedProfile.nameApart(&profiles)
    }

    /// Devices that share a topic's form belong to one profile: two profiles cannot read one topic.
    private static func clusters(_ devices: [Device]) -> [[Device]] {
        var clusters: [(patterns: Set<String>, devices: [Device])] = []
        for device in devices {
            var merged = (patterns: device.patterns, devices: [device])
            var rest: [(patterns: Set<String>, devices: [Device])] = []
            for cluster in clusters {
                if cluster.patterns.isDisjoint(with: merged.patterns) {
                    rest.append(cluster)
                } else {
                    merged = (cluster.patterns.union(merged.patterns), cluster.devices + merged.devices)
                }
            }
            clusters = rest + [merged]
        }
        return clusters.map(\.devices)
    }

    private static func profile(_ devices: [Device]) -> ProposedProfile {
        let models = Set(devices.map(\.model)).filter { !$0.isEmpty }
        let title =
            models.count == 1 ? models.first ?? "" : devices.count == 1 ? devices[0].title : "Devices at \(devices[0].patterns.min() ?? "")"
        let root = devices[0].patterns.min()?.split(separator: "/").first { $0 != "{device}" }.map(String.init)
        let name = devices.count == 1 || models.count == 1 ? title : root ?? title
        var profile = ProposedProfile(name: ProposalText.profileName(name), title: title.isEmpty ? devices[0].title : title)
        profile.devices = devices.map(\.name)
        if models.count > 1 {
            profile.note(
                "Devices of \(models.count) models share the form of their topics, and two profiles cannot read one topic: this one has what all of "
                    + "them tell. What a device does not have it never tells.")
        }
        for device in devices { device.write(to: &profile) }
        return profile
    }
}

extension ProposedProfile {
    /// Two profiles may not share a name.
    static func nameApart(_ profiles: inout [ProposedProfile]) {
        var seen: Set<String> = []
        for index in profiles.indices {
            let wanted = String(profiles[index].name.prefix(56))
            var name = wanted
            var number = 2
            while !seen.insert(name).inserted {
                name = "\(wanted)-\(number)"
                number += 1
            }
            profiles[index].name = name
        }
    }
}
