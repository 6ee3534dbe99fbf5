/// What each kind of message does when it is applied.
extension SparkplugHost {
    mutating func nodeBirth(_ message: Message, _ reader: inout SparkplugPayload, _ output: inout SparkplugOutput) {
        if let seq = reader.seq, seq > 255 {
            output.refusal = SparkplugPayloadError(.seq, offset: 0)
            return
        }
        if reader.seq == nil { output.problem("\(devices[0].key): its birth has no seq; 0 is taken") }
        let session = sessionNumber(reader, message.payload)
        if session == nil { output.problem("\(devices[0].key): its birth has no bdSeq, so its deaths cannot be told from older ones") }
        settlePending(before: message, &reader, &output)
        startAnew(isSameSession: presence == .online && session != nil && session == bdSeq, at: message.now, &output)
        bdSeq = session
        nextSeq = UInt8(truncatingIfNeeded: reader.seq ?? 0) &+ 1
        born(0, message.payload, reader, &output)
        let next = nextSeq
        pending.sort { $0.seq &- next < $1.seq &- next }
        drain(at: message.now, &reader, &output)
    }

    /// Applies the waiting messages that were made before the birth, by the metrics before it. Those made after it go on waiting.
    private mutating func settlePending(before birth: Message, _ reader: inout SparkplugPayload, _ output: inout SparkplugOutput) {
        guard !pending.isEmpty else { return }
        let told = (time: reader.timestampMilliseconds, seq: reader.seq)
        let time = told.time ?? .max
        let later = pending.filter { $0.timestampMilliseconds >= time }
        pending.removeAll { $0.timestampMilliseconds >= time }
        flush(pending.count, at: birth.now, &reader, &output)
        pending = later
        pendingBytes = later.reduce(0) { $0 + $1.payload.count }
        // The reader holds another message by now. These bytes were read a moment ago.
        try? reader.decode(birth.payload)
        reader.inherit(timestampMilliseconds: told.time, seq: told.seq)
    }

    /// Forgets what the births before told. In a new session every device is dead until its own birth; within the same one (a rebirth that
    /// was asked for) the devices did not stop, and get some time to be born again.
    private mutating func startAnew(isSameSession: Bool, at now: Int64, _ output: inout SparkplugOutput) {
        if !output.readings.isEmpty { output.formerMetrics = metrics }
        generation &+= 1
        metrics.removeAll(keepingCapacity: true)
        aliases.removeAll(keepingCapacity: true)
        names.removeAll(keepingCapacity: true)
        if undeclaredNames == .asked { undeclaredNames = .answered }
        isRebirthDue = false
        behindRun = 0
        for index in recent.indices { recent[index] = 0 }
        deviceBirthsDueMilliseconds = nil
        if isSameSession {
            for index in devices.indices.dropFirst() where devices[index].presence == .online || devices[index].presence == .awaitingBirth {
                devices[index].presence = .awaitingBirth
                deviceBirthsDueMilliseconds = now &+ limits.deviceBirthMilliseconds
            }
        } else {
            devicesDie(&output)
            devices.removeSubrange(1...)
        }
    }

    private mutating func devicesDie(_ output: inout SparkplugOutput) {
        for index in devices.indices.dropFirst() where devices[index].presence == .online || devices[index].presence == .awaitingBirth {
            die(index, &output)
        }
        deviceBirthsDueMilliseconds = nil
    }

    mutating func nodeDeath(_ message: Message, _ reader: inout SparkplugPayload, _ output: inout SparkplugOutput) {
        guard presence != .offline else {
            output.ignoredMessages += 1
            return
        }
        let session = sessionNumber(reader, message.payload)
        var isDoubtful = false
        if let session, let bdSeq, session != bdSeq {
            let isOlder = session < bdSeq && bdSeq - session > 1
            tellMismatch(death: session, birth: bdSeq, isOlder: isOlder, at: message.now, &output)
            if isOlder {
                output.ignoredMessages += 1
                return
            }
            isDoubtful = true
        } else if session != nil {
            hasToldMismatch = false
        }
        if session == nil { output.problem("\(devices[0].key): its death has no bdSeq; it is believed") }
        flush(pending.count, at: message.now, &reader, &output)
        devicesDie(&output)
        // The node may live after all: then it answers the request that is on its way or kept.
        if !isDoubtful { isRebirthDue = false }
        die(0, &output)
    }

    /// Libraries count the session of the will one too low or too high (tahu 0.1.2, pysparkplug 0.6.1, mqtt-spb-wrapper 2.1.2), or do not
    /// count it on; a death that is late by one session looks the same. Both are told by asking: a node that lives is born again.
    private mutating func tellMismatch(death: UInt64, birth: UInt64, isOlder: Bool, at now: Int64, _ output: inout SparkplugOutput) {
        guard !hasToldMismatch else { return }
        hasToldMismatch = true
        output.problem(
            isOlder
                ? "\(devices[0].key): a death of session \(death) is ignored, as session \(birth) has begun"
                : "\(devices[0].key): its death has bdSeq \(death) and its birth \(birth), a fault of the node: both must be the same; it is believed"
        )
        askForRebirth(at: now, &output)
    }

    /// The number that a birth and the will of the same connection share.
    private func sessionNumber(_ reader: SparkplugPayload, _ payload: UnsafeRawBufferPointer) -> UInt64? {
        let metric = reader.metrics.first { $0.nameLength == 5 && $0.name(in: payload).elementsEqual("bdSeq".utf8) }
        guard let metric, metric.field == .int || metric.field == .long, !metric.flags.contains(.isNull) else { return nil }
        return metric.bits
    }

    mutating func apply(_ message: Message, _ reader: SparkplugPayload, _ output: inout SparkplugOutput) {
        switch message.kind {
        case .nodeData: data(0, message, reader, &output)
        case .deviceData:
            guard let index = deviceIndex(message.device) ?? addDevice(message.device, &output) else { return }
            if devices[index].presence != .online { askForRebirth(at: message.now, &output) }
            if devices[index].presence == .online || devices[index].presence == .unknown {
                data(index, message, reader, &output)
            }
        case .deviceBirth:
            guard let index = deviceIndex(message.device) ?? addDevice(message.device, &output) else { return }
            withdraw(index)
            born(index, message.payload, reader, &output)
        case .deviceDeath: deviceDeath(message.device, reader, &output)
        default: break
        }
    }

    private mutating func deviceDeath(_ device: UnsafeRawBufferPointer, _ reader: SparkplugPayload, _ output: inout SparkplugOutput) {
        guard let index = deviceIndex(device) ?? addDevice(device, &output) else { return }
        guard devices[index].presence != .offline else {
            output.ignoredMessages += 1
            return
        }
        die(index, timestampMilliseconds: reader.timestampMilliseconds, &output)
    }

    /// A message of a node that is not online. Before any birth or death, metrics that carry their name and type are read; after a death the
    /// message may have been delayed, and reading it would make the node look online.
    mutating func beforeBirth(_ message: Message, _ reader: SparkplugPayload, _ output: inout SparkplugOutput) {
        defer { askForRebirth(at: message.now, &output) }
        guard presence == .unknown else {
            output.ignoredMessages += 1
            return
        }
        switch message.kind {
        case .deviceDeath: deviceDeath(message.device, reader, &output)
        case .nodeData: data(0, message, reader, &output)
        default:
            guard let index = deviceIndex(message.device) ?? addDevice(message.device, &output), devices[index].presence != .offline else {
                return
            }
            data(index, message, reader, &output)
        }
    }

    func deviceIndex(_ id: UnsafeRawBufferPointer) -> Int? {
        devices.indices.dropFirst().first { index in
            devices[index].id.utf8.withContiguousStorageIfAvailable { $0.count == id.count && $0.elementsEqual(id) } ?? false
        }
    }

    private mutating func addDevice(_ id: UnsafeRawBufferPointer, _ output: inout SparkplugOutput) -> Int? {
        guard devices.count <= limits.devices else {
            output.problem("\(devices[0].key): a device more than the \(limits.devices) that are taken")
            return nil
        }
        let name = String(decoding: id, as: UTF8.self)
        guard name.utf8.count == id.count, SparkplugTopic.isLevel(name) else {
            output.problem("\(devices[0].key): a device whose name cannot be used")
            return nil
        }
        devices.append(Device(id: name, key: "\(devices[0].key)/\(name)"))
        return devices.count - 1
    }
}
