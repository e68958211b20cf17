import Core

/// The page that asks an athlete for consent: who you are, and a tick box for each scope.
enum ConsentPage {
    static func html(_ request: AuthorizeRequest, athletes: [AthleteID]) -> String {
        let hidden = request.formFields.map { "<input type=\"hidden\" name=\"\(escape($0.0))\" value=\"\(escape($0.1))\">" }
        let choices = athletes.prefix(200).map { "<option value=\"\($0)\">athlete \($0)</option>" }
        let boxes = request.scopes.names.map {
            "<p><label><input type=\"checkbox\" name=\"scope\" value=\"\($0)\" checked> \($0)</label></p>"
        }
        return """
            <!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Simulated Strava: authorize</title></head><body>
            <h1>Simulated Strava</h1><p>An application asks for access to an athlete of this simulated world.</p>
            <form method="post" action="/oauth/authorize">\(hidden.joined())
            <p><label>You are <select name="athlete_id">\(choices.joined())</select></label></p>
            \(boxes.joined())
            <p><button name="decision" value="authorize">Authorize</button> <button name="decision" value="cancel">Cancel</button></p>
            </form></body></html>
            """
    }

    private static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }
}
