import CivilCalendar

/// What conditions remember of times, when the gateway's clock was set.
extension FaultConditions {
    /// Moves the times of a device's block.
    ///
    /// - Parameters:
    ///   - arrivals: since when metrics have been silent.
    ///   - readings: everything in event time, for a device whose readings are dated by their arrival.
    public func shift(_ block: Block, byMilliseconds step: Int64, arrivals: Bool, readings: Bool) {
        // A cell that was never written is zero and means no time.
        func move(_ cell: Block) { if cell.pointee != 0 { cell.pointee = cell.pointee.shifted(byMilliseconds: step) } }
        func move(timer: Block) {
            move(timer)
            move(timer + 2)
        }
        for rule in rules {
            let cells = block + rule.firstCell
            if readings {
                for input in 0..<rule.inputCount { move(cells + 2 + 2 * input) }
                move(timer: cells + rule.raiseTimer)
                if rule.hasSteps { move(timer: cells + rule.clearTimer) }
            }
            for node in nodes[rule.firstNode..<rule.firstNode + rule.nodeCount] {
                switch node.memory {
                case .nothing, .value: break
                case .arrival: if arrivals { move(cells + node.cell) }
                case .ring(let times): if readings { for index in 0..<times { move(cells + node.cell + 1 + index) } }
                }
                guard readings else { continue }
                if node.ratePerMilliseconds != 0 {
                    move(cells + node.cell + 1)
                    for sample in 0..<min(Int(cells[node.cell]), ConditionNode.rateSamples) { move(cells + node.cell + 2 + 2 * sample) }
                }
                if node.hasTimer { move(timer: cells + node.timerCell) }
            }
        }
    }
}
