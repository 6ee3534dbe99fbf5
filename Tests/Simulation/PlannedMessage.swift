import TestSupport

/// What a small fleet says, planned before the run: levels that fall and are filled again, jams that come and go, temperatures that get too
/// high, and the same words twice in a row, which are two messages all the same.
struct PlannedMessage {
    let afterMilliseconds: Int64
    let topic: String
    let payload: [UInt8]

    static let devices = (1...5).map { "p-\($0)" }
    static let metrics = ["pageCount", "fuserTemp", "supply.black"]

    static func plan(count: Int, seed: UInt64) -> [PlannedMessage] {
        var dice = SeededGenerator(seed: seed)
        var pages = [Int](repeating: 1000, count: devices.count)
        var levels = [Int](repeating: 30, count: devices.count)
        var jammed = [Bool](repeating: false, count: devices.count)
        return (0..<count).map { index in
            let device = Int.random(in: 0..<devices.count, using: &dice)
            let time = Int64(index) * 1500
            pages[device] += Int.random(in: 0..<3, using: &dice)
            if Int.random(in: 0..<4, using: &dice) == 0 { levels[device] = levels[device] > 1 ? levels[device] - 1 : 100 }
            if Int.random(in: 0..<8, using: &dice) == 0 { jammed[device].toggle() }
            let temperature = Int.random(in: 0..<6, using: &dice) == 0 ? 215 : 180
            let payload =
                #"{"ts":\#(Simulation.start + time),"status":"\#(jammed[device] ? "error" : "printing")","pageCount":\#(pages[device]),"#
                + #""supplies":{"black":\#(levels[device])},"fuserTemp":\#(temperature),"errors":[\#(jammed[device] ? "\"jam\"" : "")]}"#
            return PlannedMessage(afterMilliseconds: time, topic: "devices/\(devices[device])/telemetry", payload: Array(payload.utf8))
        }
    }
}
