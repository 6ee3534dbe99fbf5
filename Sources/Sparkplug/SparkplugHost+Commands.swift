/// Why a metric cannot be set.
public enum SparkplugCommandError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknownDevice, unknownMetric, offline, member
    case value(SparkplugValueProblem)

    public var description: String {
        switch self {
        case .unknownDevice: "the edge node has no such device"
        case .unknownMetric: "the device's birth has no such metric"
        case .member: "the metric is a member of a template, which cannot be set alone"
        case .offline: "the device is not online: commands are not kept for it"
        case .value(let problem): "the value \(problem)"
        }
    }
}

/// NCMD and DCMD.
extension SparkplugHost {
    /// An NCMD that makes the node tell everything anew. Nil when its names cannot be levels of a topic.
    ///
    /// By name, because the specification forbids an alias for this metric.
    public func rebirthRequest(at now: Int64) -> (topic: String, payload: [UInt8])? {
        guard let topic = SparkplugTopic.text(.nodeCommand, group: group, node: node) else { return nil }
        var writer = SparkplugPayloadWriter(timestampMilliseconds: now)
        do {
            try writer.add(name: "Node Control/Rebirth", timestampMilliseconds: now, datatype: .boolean, value: .bool(true))
        } catch { return nil }
        return (topic, writer.bytes)
    }

    /// A command that sets one metric of the node (`device` nil) or of a device, in the datatype that its birth told, and by its alias
    /// when it has one.
    public func command(
        device: String?, metric name: String, value: SparkplugValue, at now: Int64
    ) throws(SparkplugCommandError) -> (topic: String, payload: [UInt8]) {
        let index = device.map { id in devices.indices.dropFirst().first { devices[$0].id == id } } ?? 0
        guard let index else { throw .unknownDevice }
        guard presence == .online, devices[index].presence == .online else { throw .offline }
        guard let metric = metrics.first(where: { $0.device == index && $0.isBorn && $0.name == name }) else { throw .unknownMetric }
        guard !isMember(metric) else { throw .member }
        let kind = device == nil ? SparkplugTopic.Kind.nodeCommand : .deviceCommand
        guard let topic = SparkplugTopic.text(kind, group: group, node: node, device: device) else { throw .unknownDevice }
        var writer = SparkplugPayloadWriter(timestampMilliseconds: now)
        do {
            try writer.add(
                name: metric.alias == nil ? name : nil, alias: metric.alias, timestampMilliseconds: now, datatype: metric.datatype,
                value: value)
        } catch { throw .value(error) }
        return (topic, writer.bytes)
    }
}
