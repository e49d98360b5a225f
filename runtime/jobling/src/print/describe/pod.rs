//! A pod's description.

use serde_json::Value;

use super::lines::{Lines, controller_of, items, pairs, text_of, time_of};
use super::template;

pub(super) fn describe(pod: &Value, lines: &mut Lines) {
    let (metadata, spec, status) = (&pod["metadata"], &pod["spec"], &pod["status"]);
    describe_head(metadata, spec, status, lines);
    if let Some(controller) = controller_of(pod) {
        lines.field(0, "Controlled By", &controller);
    }
    if !items(&spec["initContainers"]).is_empty() {
        let statuses = items(&status["initContainerStatuses"]);
        template::containers("Init Containers", items(&spec["initContainers"]), statuses, 0, lines);
    }
    let statuses = items(&status["containerStatuses"]);
    template::containers("Containers", items(&spec["containers"]), statuses, 0, lines);
    if !items(&status["conditions"]).is_empty() {
        lines.add(0, "Conditions:");
        lines.add(1, "Type\tStatus");
        for condition in items(&status["conditions"]) {
            let (kind, status) = (text_of(&condition["type"]), text_of(&condition["status"]));
            lines.add(1, &format!("{kind} \t{status} "));
        }
    }
    template::volumes(items(&spec["volumes"]), 0, lines);
    lines.field_if(0, "QoS Class", &status["qosClass"]);
    lines.field(0, "Node-Selectors", &pairs(&spec["nodeSelector"]));
    lines.field(0, "Tolerations", &template::tolerations(spec));
}

fn describe_head(metadata: &Value, spec: &Value, status: &Value, lines: &mut Lines) {
    lines.field(0, "Name", &text_of(&metadata["name"]));
    lines.field(0, "Namespace", &text_of(&metadata["namespace"]));
    lines.field_if(0, "Priority", &spec["priority"]);
    lines.field_if(0, "Priority Class Name", &spec["priorityClassName"]);
    lines.field_if(0, "Service Account", &spec["serviceAccountName"]);
    let node = text_of(&spec["nodeName"]);
    match node.is_empty() {
        true => lines.field(0, "Node", "<none>"),
        false => lines.field(0, "Node", &format!("{node}/{}", text_of(&status["hostIP"]))),
    }
    if status["startTime"].is_string() {
        lines.field(0, "Start Time", &time_of(&status["startTime"]));
    }
    lines.map("Labels", "=", &metadata["labels"]);
    lines.map("Annotations", ": ", &template::shown_annotations(metadata));
    let phase = text_of(&status["phase"]);
    if metadata["deletionTimestamp"].is_string()
        && !matches!(phase.as_str(), "Failed" | "Succeeded")
    {
        let since = time_of(&metadata["deletionTimestamp"]);
        lines.field(0, "Status", &format!("Terminating (since {since})"));
        let grace = metadata["deletionGracePeriodSeconds"].as_i64().unwrap_or_default();
        lines.field(0, "Termination Grace Period", &format!("{grace}s"));
    } else {
        lines.field(0, "Status", &phase);
    }
    lines.field_if(0, "Reason", &status["reason"]);
    lines.field_if(0, "Message", &status["message"]);
    lines.field(0, "IP", &text_of(&status["podIP"]));
    let addresses = items(&status["podIPs"]);
    if addresses.is_empty() {
        return lines.field(0, "IPs", "<none>");
    }
    lines.add(0, "IPs:");
    for address in addresses {
        lines.field(1, "IP", &text_of(&address["ip"]));
    }
}
