import ControlAPI
import Sync

extension StatusMessage.Athletes {
    init(_ figures: StatusFigures) {
        self.init(
            total: figures.athleteCount, active: figures.athleteCount("active") - figures.pausedCount, paused: figures.pausedCount,
            reconnect: figures.athleteCount("reconnect"), erasing: figures.athleteCount("erasing"), working: figures.leasedCount)
    }
}

extension StatusMessage.Events {
    init(_ health: EventHealth) {
        self.init(state: health.state.rawValue, found: health.found, announced: health.announced, lastEventAt: health.lastEventAt)
    }
}
