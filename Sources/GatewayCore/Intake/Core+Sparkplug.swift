import Documents
import Hashing
import Sparkplug
import Telemetry

/// Sparkplug B: each edge node has a session of its own, which puts its messages in order and knows what its aliases mean. What it yields is
/// read by the profile like any other message.
extension StewardCore {
    /// The node of the topic, for the route; nil for what is of no node, and after the message was turned away with a reason.
    mutating func sparkplugHost(_ frame: Segment.Frame, _ profile: String) -> Int32? {
        let topic: SparkplugTopic
        do throws(SparkplugTopicError) { topic = try SparkplugTopic(frame.topic) } catch {
            reject(profile, error.description)
            return nil
        }
        // What another host says of itself is nothing of a node.
        if topic.kind == .state { return nil }
        let parts = [topic.group, topic.node].map { Array(frame.topic[$0]) }
        if let problem = parts.lazy.compactMap({ DeviceName.problem($0) }).first {
            reject(profile, problem)
            return nil
        }
        let (group, node) = (String(decoding: parts[0], as: UTF8.self), String(decoding: parts[1], as: UTF8.self))
        if let known = sparkplug.number(of: "\(group)/\(node)") {
            // Equal text in other bytes is another node to the broker.
            let host = sparkplug.hosts[Int(known)]
            if host.group.utf8.elementsEqual(parts[0]), host.node.utf8.elementsEqual(parts[1]) { return known }
        } else if sparkplug.count < configuration.maximumSparkplugNodes {
            return sparkplug.add(SparkplugHost(group: group, node: node, tableHash: configuration.tableHash))
        } else if let place = forgettableNode() {
            fleet.topics.forget(owner: TopicTable.owner(node: Int32(place)))
            sparkplug.replace(place, with: SparkplugHost(group: group, node: node, tableHash: configuration.tableHash))
            out.budgets.count(.nodesForgotten)
            return Int32(place)
        }
        out.counters.refusedDevices &+= 1
        reject(profile, "there are \(sparkplug.count) Sparkplug nodes already (limits.sparkplugNodes)")
        return nil
    }

    /// A node of which nothing is left that anybody could miss: each of its devices may be forgotten, or is not there and not online.
    private func forgettableNode() -> Int? {
        sparkplug.hosts.indices.first { index in
            sparkplug.hosts[index].devices.allSatisfy { device in
                fleet.device(named: device.key).map { isForgettable($0) } ?? (device.presence != .online)
            }
        }
    }

    mutating func sparkplug(_ route: TopicTable.Route, _ frame: Segment.Frame, _ number: Int64)
        throws(DecodeError)
    {
        // The specification forbids retained messages, and an old birth would bring dead aliases back.
        if frame.isRetained {
            out.counters.retained &+= 1
            return
        }
        guard replayedArrivalMilliseconds == nil else {
            throw DecodeError(
                "a Sparkplug message has its place in its node's order and cannot be taken once more; a rebirth tells all anew")
        }
        guard let topic = try? SparkplugTopic(frame.topic) else { return }
        let device = UnsafeRawBufferPointer(rebasing: frame.topic[topic.device])
        budget.begin(number, effects: out.effects.count)
        let now = now
        sparkplug.update(Int(route.node)) { host, reader, output in
            host.receive(topic.kind, device: device, payload: frame.payload, at: now, reader: &reader, into: &output)
        }
        follow(Int(route.node), frame)
        if let refusal = sparkplug.output.refusal { throw DecodeError(refusal.description) }
    }

    /// Gaps that were waited for long enough, and births that did not come.
    mutating func tickSparkplug() {
        guard now >= sparkplug.nextDueMilliseconds else { return }
        let now = now
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        let frame = Segment.Frame(
            kind: Segment.Kind.message.rawValue, isRetained: false, packetID: 0, isDuplicate: false, topic: nothing, payload: nothing,
            end: 0)
        for host in 0..<sparkplug.count where (sparkplug.hosts[host].nextDueMilliseconds ?? .max) <= now {
            sparkplug.update(host) { host, reader, output in host.tick(at: now, reader: &reader, into: &output) }
            budget.begin(lastEvent, effects: out.effects.count)
            follow(host, frame)
            if !trouble.isEmpty { tellTrouble(frame, lastEvent) }
        }
        sparkplug.findNextDue()
    }

    private mutating func follow(_ host: Int, _ frame: Segment.Frame) {
        var output = SparkplugOutput(reserving: 0)
        swap(&output, &sparkplug.output)
        defer { swap(&output, &sparkplug.output) }
        out.counters.repeats &+= Int64(output.ignoredMessages)
        out.counters.fieldProblems &+= Int64(output.unreadMetrics)
        var isBirth = false
        for event in output.events {
            switch event {
            case .birth(let key, let time):
                isBirth = true
                guard let target = target(key, host) else { continue }
                if fleet.devices[target.device].isSilent {
                    presence.spokeAgain(target.device, at: time ?? now, &fleet, &out)
                    drain()
                }
            case .death(let key, _):
                guard let target = target(key, host) else { continue }
                goStale(target.device, target.profile)
            case .readings(let range):
                take(output.readings[range], host, output.formerMetrics, isBirth: isBirth, frame)
                if isBirth { takeUnits(output.readings[range], output.units, host) }
                isBirth = false
            case .rebirthRequest(let topic, let payload):
                askForRebirth(host, topic, payload)
            case .problem(let text):
                sparkplugProblem(host, text)
            }
        }
    }

    /// Which device and profile the name means. A device may have another profile than its node: the narrower topic wins.
    private mutating func target(_ key: String, _ host: Int) -> SparkplugSessions.Target? {
        sparkplug.boundTargets(configuration.maximumDevices * 2)
        if let known = sparkplug.targets[key] { return known.device.isNone ? nil : known }
        let session = sparkplug.hosts[host]
        let name =
            key.utf8.count > session.devices[0].key.utf8.count ? String(key.utf8.dropFirst(session.devices[0].key.utf8.count + 1)) : nil
        let kind = name == nil ? SparkplugTopic.Kind.nodeData : .deviceData
        guard let topic = SparkplugTopic.text(kind, group: session.group, node: session.node, device: name ?? nil) else { return nil }
        let found = sparkplugRule(for: topic)
        var target = SparkplugSessions.Target(device: .none, profile: .none, message: -1, root: 0)
        if let (profile, message) = found {
            if let device = admit(key, profile: profile) {
                let own = fleet.devices[device].profile
                target = SparkplugSessions.Target(
                    device: device, profile: own, message: Int16(message),
                    root: fleet.profiles[own].layout.root(message: message, captures: []) ?? 0)
            } else {
                out.counters.refusedDevices &+= 1
                reject(fleet.profiles[profile].layout.profile.name, refusal(Array(key.utf8), fleet.profiles[profile].layout.profile.name))
            }
        }
        sparkplug.targets[key] = target
        return target.device.isNone ? nil : target
    }

    private func sparkplugRule(for topic: String) -> (profile: ProfileIndex, message: Int)? {
        let topic = Array(topic.utf8)
        // Profiles that yield to others come last.
        for isGeneral in [false, true] {
            for profile in fleet.baseProfiles {
                let message = fleet.profiles[profile].layout.profile.messages.firstIndex { rule in
                    rule.format == .sparkplug && rule.isGeneral == isGeneral && topic.withUnsafeBytes { rule.topic.match($0) } != nil
                }
                if let message { return (profile, message) }
            }
        }
        return nil
    }

    // MARK: Readings

    /// Most messages tell each metric once, for one time. Several values of a metric, and what is told later, are taken in the order of time.
    private mutating func take(
        _ readings: ArraySlice<SparkplugReading>, _ host: Int, _ formerMetrics: [SparkplugHost.Metric], isBirth: Bool,
        _ frame: Segment.Frame
    ) {
        guard let first = readings.first, let target = target(first.device, host) else { return }
        // Behind a birth come readings that have the numbers from before it.
        let isPresent = first.generation == sparkplug.hosts[host].generation
        sparkplug.documents[host].follow(isPresent ? sparkplug.hosts[host].metrics : formerMetrics, generation: first.generation)
        if isPlain(readings) {
            return take(
                readings, target, host, at: first.payloadMilliseconds, isBirth: isBirth, isHistorical: false, frame)
        }
        let batches = SparkplugBatch.split(readings)
        budget.add(parts: batches.count)
        for (place, batch) in batches.enumerated() {
            if let limit = budget.exhausted(effects: out.effects.count) {
                return trouble.drop(batches.count - place, of: fleet.profiles[target.profile].layout.profile.name, because: limit)
            }
            take(
                batch.readings[...], target, host, at: batch.timeMilliseconds, isBirth: isBirth && batch.isLast,
                isHistorical: batch.isHistorical, frame)
        }
    }

    /// No metric twice and nothing of the past. Messages list their metrics in the order of the birth, so that a repeat is seen as a step back.
    private func isPlain(_ readings: ArraySlice<SparkplugReading>) -> Bool {
        var former: Int32 = -1
        for reading in readings {
            if reading.isHistorical || reading.metric <= former { return false }
            former = reading.metric
        }
        return true
    }

    private mutating func take(
        _ readings: ArraySlice<SparkplugReading>, _ target: SparkplugSessions.Target, _ host: Int, at time: Int64?, isBirth: Bool,
        isHistorical: Bool, _ frame: Segment.Frame
    ) {
        var profile = target.profile
        var root = target.root
        sparkplug.documents[host].write(readings)
        do throws(DecodeError) {
            let part = try decoder.open(document: sparkplug.documents[host].bytes)
            decoder.read(part, message: Int(target.message), root: root, layout: &fleet.profiles[profile].layout, into: &decoded)
            if !fleet.profiles[profile].layout.growth.isNothing, followGrowth(target.device, profile) {
                profile = fleet.devices[target.device].profile
                root = fleet.profiles[profile].layout.root(message: Int(target.message), captures: []) ?? 0
                decoder.read(part, message: Int(target.message), root: root, layout: &fleet.profiles[profile].layout, into: &decoded)
                _ = followGrowth(target.device, profile)
            }
        } catch {
            return reject(fleet.profiles[profile].layout.profile.name, error.description)
        }
        decoded.setDeviceTime(milliseconds: time)
        // A birth tells everything: what it leaves out is not known any more.
        if isBirth { addUnknowns(target.device, profile, root) }
        apply(decoded, target.device, profile, isRetained: frame.isRetained, isHistorical: isHistorical)
    }

    /// A birth tells the unit of each metric, or that it has none. Where the profile names one, that one holds.
    private mutating func takeUnits(_ readings: ArraySlice<SparkplugReading>, _ units: [Int32: String], _ host: Int) {
        guard let first = readings.first, first.generation == sparkplug.hosts[host].generation, let target = target(first.device, host),
            fleet.profiles[target.profile].rules.namesPerDevice
        else { return }
        for reading in readings {
            _ = fleet.profiles[target.profile].layout.setUnit(
                units[reading.metric] ?? "", at: sparkplug.documents[host].path(reading.metric, reading.name), root: target.root)
        }
        fleet.profiles[target.profile].followLayout()
    }

    // MARK: Death

    /// Whatever a dead device said last says nothing about now.
    private mutating func goStale(_ device: DeviceIndex, _ profile: ProfileIndex) {
        for (_, place) in fleet.places(of: device) where fleet.metrics[place].isTold { fleet.metrics[place].isUnknown = true }
        let text = "The edge node says that the device is gone, or is gone itself (Sparkplug death)"
        presence.goOffline(device, text: text, isRetained: false, &fleet, &out)
        drain()
    }

    // MARK: Requests

    private mutating func askForRebirth(_ host: Int, _ topic: String, _ payload: [UInt8]) {
        out.counters.rebirthsAsked &+= 1
        let key = sparkplug.hosts[host].devices[0].key
        out.effects.append(
            .deliver(
                Delivery(
                    key: "rebirth-" + StableID.make(key, String(now)), channel: .command, device: key, topic: topic, body: payload,
                    expiresMilliseconds: now &+ sparkplug.hosts[host].limits.rebirthMilliseconds)))
    }

    /// A dead letter an hour and a node, so that a person learns of it and the table does not fill.
    private mutating func sparkplugProblem(_ host: Int, _ text: String) {
        guard let target = target(sparkplug.hosts[host].devices[0].key, host) else { return }
        let device = target.device
        guard fleet.devices[device].fieldProblemMilliseconds == .min || now &- fleet.devices[device].fieldProblemMilliseconds >= 3_600_000
        else { return }
        fleet.devices[device].fieldProblemMilliseconds = now
        reject(fleet.profiles[target.profile].layout.profile.name, "\(text); the rest was taken. Told once an hour a node")
    }

    /// NCMD or DCMD: the topic and the bytes of a command's one metric. Throws why the node or the device cannot be told now.
    func sparkplugCommand(_ rule: CommandRule, _ device: String, _ values: [(String, String)]) throws(SparkplugCommandError) -> (
        topic: String, payload: [UInt8]
    ) {
        let parts = device.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2, let host = sparkplug.number(of: "\(parts[0])/\(parts[1])") else { throw .unknownDevice }
        guard case .object(let members) = rule.payload.filled(values).value, let member = members.first else { throw .unknownMetric }
        let value: SparkplugValue =
            switch member.node.value {
            case .bool(let flag): .bool(flag)
            case .number(let number, _): .number(number)
            case .string(let text): .text(text)
            default: .null
            }
        return try sparkplug.hosts[Int(host)].command(
            device: parts.count > 2 ? parts[2] : nil, metric: member.key, value: value, at: now)
    }
}
