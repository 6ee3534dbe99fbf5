import FoundationEssentials
import ServiceValue
import TerminalProgram

/// A panel of outcomes as CSV, one device and day a line, without quotes.
enum PanelFile {
    private static let columns = ["device", "site", "arm", "adoption", "day", "amount", "exposure"]

    /// - Parameter isStepped: `adoption` is the assignment; otherwise `arm` is.
    static func read(_ file: String, isStepped: Bool) throws -> OutcomePanel {
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw CommandFailure("\(file) cannot be read", exitCode: .notFound)
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        let header = lines.first.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } ?? []
        var places: [Int] = []
        for column in columns {
            guard let place = header.firstIndex(of: column) else { throw CommandFailure("\(file): there is no column \"\(column)\"") }
            places.append(place)
        }
        var units: [String: OutcomePanel.Unit] = [:]
        var observations: [OutcomePanel.Observation] = []
        for (number, line) in lines.enumerated().dropFirst() {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false)
            let place = "\(file):\(number + 1)"
            guard cells.count == header.count else {
                throw CommandFailure("\(place): \(cells.count) cells, and the first line has \(header.count)")
            }
            let row = places.map { String(cells[$0]) }
            guard let day = Int(row[4]), let amount = Double(row[5]), let exposure = Double(row[6]) else {
                throw CommandFailure("\(place): day, amount or exposure is no number")
            }
            let assignment: OutcomePanel.Assignment
            if isStepped {
                guard row[3].isEmpty || Int(row[3]) != nil else { throw CommandFailure("\(place): \"\(row[3])\" is no day") }
                assignment = .adopts(Int(row[3]))
            } else {
                assignment = RolloutArm(rawValue: row[2]).map { .arm($0) } ?? .none
            }
            let unit = OutcomePanel.Unit(id: row[0], site: row[1], assignment: assignment)
            guard units.updateValue(unit, forKey: row[0]).map({ $0 == unit }) ?? true else {
                throw CommandFailure("\(place): \(row[0]) has another site or assignment before")
            }
            observations.append(.init(unit: row[0], day: day, amount: amount, exposure: exposure))
        }
        do { return try OutcomePanel(units: Array(units.values), observations: observations) } catch {
            throw CommandFailure("\(file): \(error)")
        }
    }
}
