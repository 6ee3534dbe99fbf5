import CTimex
import Glibc
import Synchronization
import Threading

/// Keeps the gateway's time, and reports its steps. Only the ingest thread uses it.
final class GatewayClock {
    private var discipline: ClockDiscipline
    private let statistics: GatewayStatistics
    private let memory: ClockMemory
    /// Asking the kernel whether the clock is synchronised is a system call; while a step is pending it is made once a second.
    private var lastAskedMilliseconds: Int64 = .min / 2
    private var wasSynchronised = false

    /// - Parameter lastCommittedMilliseconds: the newest time in the store; 0 when there is none.
    init(lastCommittedMilliseconds: Int64, memory: ClockMemory, statistics: GatewayStatistics) {
        self.memory = memory
        self.statistics = statistics
        let now = ClockDiscipline.Reading(
            wallMilliseconds: Clock.systemMilliseconds(), steadyMilliseconds: Clock.steadyMilliseconds(),
            isSynchronised: Self.isSynchronised())
        discipline = ClockDiscipline(now, memory: memory.load(), lastCommittedMilliseconds: lastCommittedMilliseconds)
        Clock.follow(offsetMilliseconds: discipline.offsetMilliseconds)
    }

    /// Reads the clocks. Returns the milliseconds by which the gateway's time has just been set, which the core must be told before anything else.
    func look() -> Int64? {
        var now = ClockDiscipline.Reading(
            wallMilliseconds: Clock.systemMilliseconds(), steadyMilliseconds: Clock.steadyMilliseconds(), isSynchronised: false)
        let difference = now.wallMilliseconds &- discipline.timeMilliseconds(steadyMilliseconds: now.steadyMilliseconds)
        if abs(difference) > ClockDiscipline.stepMilliseconds { now.isSynchronised = isSynchronised(now.steadyMilliseconds) }
        let finding = discipline.look(now)
        if finding == .nothing, abs(difference) <= 2 { return nil }
        Clock.follow(offsetMilliseconds: discipline.offsetMilliseconds)
        statistics.clockDifference.store(discipline.pendingStep?.differenceMilliseconds ?? 0, ordering: .relaxed)
        return tell(finding)
    }

    /// Records the present time as that of the last commit.
    func committed() {
        let steady = Clock.steadyMilliseconds()
        memory.store(timeMilliseconds: discipline.timeMilliseconds(steadyMilliseconds: steady), steadyMilliseconds: steady)
    }

    private func isSynchronised(_ steady: Int64) -> Bool {
        if discipline.pendingStep != nil, steady - lastAskedMilliseconds < 1000 { return wasSynchronised }
        lastAskedMilliseconds = steady
        wasSynchronised = Self.isSynchronised()
        return wasSynchronised
    }

    /// False where the kernel does not say.
    static func isSynchronised() -> Bool {
        var state = timex()
        let code = adjtimex(&state)
        return code >= 0 && code != TIME_ERROR && state.status & STA_UNSYNC == 0
    }

    private func tell(_ finding: ClockDiscipline.Finding) -> Int64? {
        switch finding {
        case .nothing: return nil
        case .pending(let difference):
            Log.warning(
                "the system's clock has been set, and no time server confirms it; the gateway goes on by its own time",
                ["differenceMilliseconds": String(difference), "followedAfterSeconds": String(probation(difference) / 1000)])
            return nil
        case .returned:
            Log.info("the system's clock agrees with the gateway's again")
            return nil
        case .stepped(let step):
            statistics.clockSteps.add(1, ordering: .relaxed)
            Log.warning("the gateway's clock is set", ["byMilliseconds": String(step)])
            return step
        }
    }

    private func probation(_ difference: Int64) -> Int64 {
        abs(difference) <= ClockDiscipline.plausibleMilliseconds
            ? ClockDiscipline.probationMilliseconds : ClockDiscipline.longProbationMilliseconds
    }
}

/// The time of the last commit by both clocks, in the page that the crash marker maps. It survives the end of the program, and not a loss of
/// power, after which the steady clock begins anew as well.
struct ClockMemory {
    /// boot, time, steady time, and a check over the three.
    private let words: UnsafeMutablePointer<Int64>
    private let boot: Int64

    /// `words` are four numbers that stay mapped.
    init(_ words: UnsafeMutablePointer<Int64>) {
        self.words = words
        boot = Self.bootNumber()
    }

    func load() -> ClockDiscipline.Memory? {
        guard words[1] > 0, words[3] == words[0] ^ words[1] ^ words[2] else { return nil }
        return ClockDiscipline.Memory(timeMilliseconds: words[1], steadyMilliseconds: words[2], isSameBoot: boot != 0 && words[0] == boot)
    }

    func store(timeMilliseconds: Int64, steadyMilliseconds: Int64) {
        words[0] = boot
        words[1] = timeMilliseconds
        words[2] = steadyMilliseconds
        words[3] = boot ^ timeMilliseconds ^ steadyMilliseconds
    }

    /// The first half of the kernel's number of this boot; 0 where it is hidden, and then no two starts are known to be of one boot.
    private static func bootNumber() -> Int64 {
        let file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 36)
        guard read(file, &bytes, bytes.count) == bytes.count else { return 0 }
        let digits = String(decoding: bytes, as: UTF8.self).filter { $0 != "-" }.prefix(16)
        return UInt64(digits, radix: 16).map { Int64(bitPattern: $0) } ?? 0
    }
}
