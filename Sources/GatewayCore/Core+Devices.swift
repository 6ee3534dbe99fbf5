import FaultDetection
import Telemetry

/// How devices come to be known.
extension StewardCore {
    /// A topic that is seen for the first time. Nil after it was turned away with a reason.
    mutating func resolve(_ frame: Segment.Frame, hash: UInt64, _ number: Int64, _ effects: inout [Effect]) -> TopicTable.Route? {
        for (index, layout) in layouts.enumerated() {
            let message = layout.profile.messages.firstIndex { $0.topic.match(frame.topic) != nil }
            let reply = layout.profile.replies.firstIndex { $0.topic.match(frame.topic) != nil }
            let range =
                message.flatMap { layout.profile.messages[$0].topic.match(frame.topic) }
                ?? reply.flatMap { layout.profile.replies[$0].topic.match(frame.topic) }
            guard let range else { continue }
            let name = Array(frame.topic[range])
            if let problem = Self.problem(withDeviceName: name) {
                reject(frame, number, layout.profile.name, problem, &effects)
                return nil
            }
            guard !topics.isFull, let device = admit(String(decoding: name, as: UTF8.self), profile: index) else {
                counters.refusedDevices &+= 1
                reject(frame, number, layout.profile.name, refusal(name, layout.profile.name), &effects)
                return nil
            }
            let route = TopicTable.Route(device: device, message: Int16(message ?? -1), reply: Int16(reply ?? -1))
            topics.insert(frame.topic, hash: hash, route)
            return route
        }
        reject(frame, number, nil, "no profile reads this topic", &effects)
        return nil
    }

    private func refusal(_ name: [UInt8], _ profile: String) -> String {
        let id = String(decoding: name, as: UTF8.self)
        if let known = deviceIndex[id], layouts[Int(hot[Int(known)].profile)].profile.name != profile {
            return "the device is known with the profile \(layouts[Int(hot[Int(known)].profile)].profile.name); one device has one profile"
        }
        return "there are \(hot.count) devices already (limits.devices)"
    }

    /// Device names come from the network: they must not be able to become a wildcard, a path or a control sequence.
    static func problem(withDeviceName name: [UInt8]) -> String? {
        if name.isEmpty { return "the device's name in the topic is empty" }
        if name.count > 128 { return "the device's name has \(name.count) bytes; at most 128 are taken" }
        if String(validating: name, as: UTF8.self) == nil { return "the device's name is not valid UTF-8" }
        if name.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "the device's name has a control character" }
        if name.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }) { return "the device's name has a wildcard" }
        if name == Array(".".utf8) || name == Array("..".utf8) { return "the device's name is a path step" }
        return nil
    }

    /// The device of that name; makes room for a new one. Nil at the limit or when another profile has it.
    private mutating func admit(_ id: String, profile: Int) -> Int32? {
        if let known = deviceIndex[id] { return Int(hot[Int(known)].profile) == profile ? known : nil }
        guard hot.count < configuration.maximumDevices else { return nil }
        let device = Int32(hot.count)
        hot.append(
            DeviceHot(profile: Int32(profile), firstMetric: Int32(metrics.count), metricCapacity: 0, firstFault: Int32(faults.count)))
        records.append(DeviceRecord(id: id))
        faults.append(contentsOf: repeatElement(FaultState(), count: layouts[profile].profile.faults.count))
        deviceIndex[id] = device
        growMetrics(Int(device), layouts[profile].slots.count)
        if nextSilenceScan == .min { nextSilenceScan = now &+ Self.silenceScanMilliseconds }
        return device
    }

    /// Gives a device room for the metrics that its profile has learned. The last device grows in place; another moves to the end.
    mutating func growMetrics(_ device: Int, _ wanted: Int) {
        let old = Int(hot[device].firstMetric)
        let oldCount = Int(hot[device].metricCapacity)
        // A few at once, because names come in bursts.
        let capacity = max((wanted + 3) & ~3, 4)
        guard capacity > oldCount else { return }
        let isLast = old + oldCount == metrics.count
        let first = isLast ? old : metrics.count
        let added = isLast ? capacity - oldCount : capacity
        metrics.append(contentsOf: repeatElement(MetricState(), count: added))
        chunks.append(contentsOf: repeatElement(0, count: added * SampleEncoder.capacityBytes))
        if !isLast {
            for index in 0..<oldCount { metrics[first + index] = metrics[old + index] }
            let bytes = SampleEncoder.capacityBytes
            chunks.withUnsafeMutableBytes { all in
                UnsafeMutableRawBufferPointer(rebasing: all[first * bytes..<(first + oldCount) * bytes])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: all[old * bytes..<(old + oldCount) * bytes]))
            }
        }
        hot[device].firstMetric = Int32(first)
        hot[device].metricCapacity = Int32(capacity)
    }
}
