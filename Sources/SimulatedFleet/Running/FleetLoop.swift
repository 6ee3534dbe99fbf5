import Glibc
import MQTTLink
import Threading

/// The fleet's own thread: it alone moves the devices on.
struct FleetLoop {
    /// With this many messages unacknowledged by the broker, the devices' time stands still.
    static let window = 1_000
    /// Live reports that are later than this are left out, as a device's own buffer would.
    static let longestLagMilliseconds: Int64 = 600_000

    /// Passes messages from the client's callback to the loop; both run on the same thread.
    private final class Mailbox {
        var delivered: [FleetMessage] = []
    }

    private let publisher: CommandClient
    private let subscriber: IngestClient
    private let mailbox = Mailbox()
    private let counts: FleetCounts
    private let customers: CustomerSandbox?
    private let arrivals: InstallationInbox
    private let stopping: StopFlag
    private let liveStart: Int64
    private let reportMilliseconds: Int64
    private var fleet: Fleet
    private var fleetTime: Int64
    private var nextKey: UInt64 = 0
    /// Messages of the last step that are not published yet, in reverse order.
    private var pending: [FleetMessage] = []

    init(
        configuration: FleetConfiguration, subscriber: MQTTConfiguration, publisher: CommandClient, counts: FleetCounts,
        customers: CustomerSandbox?, arrivals: InstallationInbox, stopping: StopFlag
    ) throws {
        self.stopping = stopping
        self.publisher = publisher
        self.counts = counts
        self.customers = customers
        self.arrivals = arrivals
        liveStart = Clock.systemMilliseconds()
        reportMilliseconds = Int64(configuration.reportSeconds * 1000)
        fleetTime = liveStart - Int64(configuration.historyDays) * WorkingHours.dayMilliseconds
        fleet = Fleet(
            count: configuration.devices, seed: configuration.seed, liveStart: liveStart, historyDays: configuration.historyDays,
            reportMilliseconds: reportMilliseconds, faultsPerDevicePerHour: configuration.faultsPerDevicePerHour)
        let mailbox = self.mailbox
        self.subscriber = try IngestClient(
            configuration: subscriber, wakeDescriptor: -1,
            onMessage: { topic, payload, packet in
                // A retained command is an old one: a real device must not act upon it after each reconnect either.
                guard !packet.isRetained else { return }
                mailbox.delivered.append(FleetMessage(topic: String(cString: topic), payload: Array(payload)))
            }, onConnectionChange: { _ in })
    }

    /// Until the flag is raised.
    mutating func run() throws {
        defer { subscriber.close() }
        while !stopping.isRaised {
            subscriber.maintain(nowMilliseconds: Clock.monotonicMilliseconds())
            let isTellingThePast = fleetTime < liveStart && publisher.isConnected
            _ = try subscriber.receive(timeoutMilliseconds: isTellingThePast ? 2 : 50, maximumMessages: 500, maximumBytes: 4 << 20)
            answerCommands()
            subscriber.acknowledge()
            installArrivals()
            moveOn()
            tellHappenings()
        }
    }

    private mutating func publish(_ message: FleetMessage) {
        let (counts, stopping) = (self.counts, self.stopping)
        nextKey += 1
        do {
            try publisher.publish(topic: message.topic, payload: message.payload, key: nextKey) { _, outcome in
                if case .failed(let error) = outcome {
                    // A publication that the end of the fleet cut off is no error.
                    guard !stopping.isRaised else { return }
                    counts.failed("publishing failed: \(error)")
                } else {
                    counts.update { $0.messagesPublished += 1 }
                }
            }
        } catch {
            counts.failed("publishing failed: \(error)")
        }
    }

    private mutating func answerCommands() {
        for command in mailbox.delivered {
            let answer = fleet.receive(topic: command.topic, payload: command.payload, at: max(fleetTime, Clock.systemMilliseconds()))
            counts.update {
                $0.commandsReceived += 1
                switch answer.disposition {
                case .answered: $0.commandsAnswered += 1
                case .repeated: $0.commandsRepeated += 1
                case .ignored: $0.commandsIgnored += 1
                }
            }
            for message in answer.messages { publish(message) }
        }
        mailbox.delivered.removeAll(keepingCapacity: true)
    }

    private mutating func installArrivals() {
        for arrival in arrivals.drain() {
            if fleet.install(device: arrival.device, supply: arrival.supply, at: max(fleetTime, Clock.systemMilliseconds())) {
                counts.update { $0.installations += 1 }
            } else {
                counts.failed("delivered for \(arrival.device), which has no slot \(arrival.supply)")
            }
        }
    }

    /// Lets the devices catch up with the clock, hour by hour in the past, report by report today, as fast as the broker takes it.
    private mutating func moveOn() {
        let now = Clock.systemMilliseconds()
        guard publisher.isConnected else { return }
        if fleetTime >= liveStart, now - fleetTime > Self.longestLagMilliseconds {
            fleet.skip(to: now)
        }
        while publisher.inFlight < Self.window {
            if let message = pending.popLast() {
                publish(message)
            } else if fleetTime < now {
                let stride = fleetTime < liveStart ? WorkingHours.hourMilliseconds : reportMilliseconds
                fleetTime = min(fleetTime < liveStart ? liveStart : now, fleetTime + stride)
                pending = fleet.step(to: fleetTime).reversed()
            } else {
                return
            }
        }
    }

    private mutating func tellHappenings() {
        for happening in fleet.drainHappenings() {
            counts.update {
                switch happening {
                case .faultBegan: $0.faultsBegun += 1
                case .recovered(_, let byCommand, _):
                    $0.faultsMended += 1
                    $0.faultsMendedByCommand += byCommand ? 1 : 0
                case .installed: break
                }
            }
            customers?.noticed(happening)
        }
    }
}
