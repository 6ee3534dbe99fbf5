import FaultDetection
import Glibc
import TerminalProgram

/// `steward detect`: the anomaly detectors of the core over a recorded series.
enum DetectCommand: Subcommand {
    static let name = "detect"
    static let summary = "Run the anomaly detectors over a recorded series"
    static let usage = Usage(
        positionals: [.required("FILE", "a CSV file with a line of column names; - is standard input")],
        options: [
            .value("delimiter", "C", "the character between columns (default ,)"),
            .value(
                "time", "COLUMN", "the column of times: ISO 8601, or seconds or milliseconds since 1970 (default: rows are 5 minutes apart)"
            ),
            .value("value", "COLUMN", "a column of numbers; given again, all are watched together as one machine"),
            .value("warmup", "ROWS", "rows from which a machine's usual state, or that of changes, is learned (default 400)"),
        ],
        notes: """
            Prints a line a row: time,score,alarm,change. A score of 1 is the limit at which a warning is raised; alarm is 1 while it stands;
            change is 1 where a change of regime is declared. No row is judged by a later one. Empty cells, null and NaN are unknown: they
            neither raise nor clear, nor does a row that is not newer than the one before it.
            """)

    static func run(_ arguments: Arguments) throws -> ExitCode {
        let path = arguments.positionals[0]
        let columns = arguments.values("value")
        guard !columns.isEmpty else { throw UsageError("no column is named to look at: --value COLUMN") }
        guard columns.count <= MachineDetector.maximumChannels else {
            throw UsageError("--value may be given \(MachineDetector.maximumChannels) times at most, not \(columns.count)")
        }
        let warmup = try arguments.integer("warmup", in: 40...1_000_000) ?? MachineDetector.defaultWarmupRows
        let delimiter = try delimiter(arguments.value("delimiter") ?? ",")
        guard let lines = LineReader(path: path) else {
            throw CommandFailure("\(path): \(String(cString: strerror(errno)))", exitCode: .notFound)
        }
        var table = try SeriesTable(lines, path: path, delimiter: delimiter, time: arguments.value("time"), values: columns)
        var detectors = SeriesDetectors(columns: columns.count, warmupRows: warmup)
        var out = OutputBuffer()
        out.write(Array("time,score,alarm,change".utf8))
        while let row = try table.next() { out.write(detectors.line(row)) }
        out.flush()
        return .ok
    }

    private static func delimiter(_ text: String) throws(UsageError) -> UInt8 {
        let bytes = Array((text == "\\t" ? "\t" : text).utf8)
        guard bytes.count == 1, bytes[0] != UInt8(ascii: "\""), bytes[0] < 0x80, bytes[0] != 0x0A, bytes[0] != 0x0D else {
            throw UsageError("--delimiter must be one character, such as ; or \\t, not \(Arguments.shown(text))")
        }
        return bytes[0]
    }
}

/// The detectors that a series needs: the metric's own for one column, the machine's for several.
private struct SeriesDetectors {
    private var metric: MetricDetector?
    private var machine: MachineDetector

    init(columns: Int, warmupRows: Int) {
        if columns == 1 { metric = MetricDetector() }
        machine = MachineDetector(channels: columns, warmupRows: warmupRows)
    }

    mutating func line(_ row: SeriesTable.Row) -> [UInt8] {
        // A row that is not newer than all before is no reading.
        let together = machine.observe(row.isInOrder ? row.values : [])
        var score = together.score
        var isAnomalous = together.isAnomalous
        if var detector = metric.take() {
            let verdict = detector.observe(row.values.first ?? .nan, atMilliseconds: row.milliseconds)
            metric = detector
            (score, isAnomalous) = (verdict.score, verdict.isAnomalous)
        }
        return Array("\(row.time),\(score),\(isAnomalous ? 1 : 0),\(together.isChange ? 1 : 0)".utf8)
    }
}
