//! Containers and volumes, in a pod or in the template of one.

use serde_json::{Map, Value};

use super::lines::{Lines, items, pairs, text_of, time_of};

/// Returns the annotations without the manifest that apply keeps there.
pub(super) fn shown_annotations(metadata: &Value) -> Value {
    let mut annotations = metadata["annotations"].as_object().cloned().unwrap_or_else(Map::new);
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    Value::Object(annotations)
}

/// Adds a pod template.
pub(super) fn describe(template: &Value, lines: &mut Lines) {
    let spec = &template["spec"];
    let labels = &template["metadata"]["labels"];
    lines.map_at(1, "Labels", "=", labels);
    let annotations = shown_annotations(&template["metadata"]);
    if annotations != Value::Object(Map::new()) {
        lines.map_at(1, "Annotations", ": ", &annotations);
    }
    lines.field_if(1, "Service Account", &spec["serviceAccountName"]);
    if !items(&spec["initContainers"]).is_empty() {
        containers("Init Containers", items(&spec["initContainers"]), &[], 1, lines);
    }
    containers("Containers", items(&spec["containers"]), &[], 1, lines);
    volumes(items(&spec["volumes"]), 1, lines);
    lines.field_if(1, "Priority Class Name", &spec["priorityClassName"]);
    lines.field(1, "Node-Selectors", &pairs(&spec["nodeSelector"]));
    lines.field(1, "Tolerations", &tolerations(spec));
}

/// Returns the tolerations in kubectl's short form.
pub(super) fn tolerations(spec: &Value) -> String {
    let texts: Vec<String> = items(&spec["tolerations"])
        .iter()
        .map(|toleration| {
            let key = text_of(&toleration["key"]);
            let value = text_of(&toleration["value"]);
            let effect = text_of(&toleration["effect"]);
            let value = if value.is_empty() { value } else { format!("={value}") };
            let effect = if effect.is_empty() { effect } else { format!(":{effect}") };
            format!("{key}{value}{effect}")
        })
        .collect();
    if texts.is_empty() { "<none>".to_owned() } else { texts.join("; ") }
}

/// Adds containers, with their statuses where there are any.
pub(super) fn containers(
    title: &str,
    containers: &[Value],
    statuses: &[Value],
    level: usize,
    lines: &mut Lines,
) {
    lines.add(level, &format!("{title}:"));
    for container in containers {
        let status = statuses.iter().find(|status| status["name"] == container["name"]);
        // kubectl sets containers in by one space more in a template.
        let indent = if level == 0 { "" } else { " " };
        lines.add(1, &format!("{indent}{}:", text_of(&container["name"])));
        describe_container(container, status, lines);
    }
}

fn describe_container(container: &Value, status: Option<&Value>, lines: &mut Lines) {
    let inner = 2;
    if let Some(status) = status {
        lines.field(inner, "Container ID", &text_of(&status["containerID"]));
    }
    lines.field(inner, "Image", &text_of(&container["image"]));
    if let Some(status) = status {
        lines.field(inner, "Image ID", &text_of(&status["imageID"]));
    }
    lines.field(inner, "Port", &ports(container, "containerPort"));
    lines.field(inner, "Host Port", &ports(container, "hostPort"));
    words("Command", &container["command"], inner, lines);
    words("Args", &container["args"], inner, lines);
    if let Some(status) = status {
        state("State", &status["state"], inner, lines);
        if status["lastState"].as_object().is_some_and(|last| !last.is_empty()) {
            state("Last State", &status["lastState"], inner, lines);
        }
        let ready = status["ready"].as_bool().unwrap_or(false);
        lines.field(inner, "Ready", if ready { "True" } else { "False" });
        lines.field(
            inner,
            "Restart Count",
            &status["restartCount"].as_i64().unwrap_or(0).to_string(),
        );
    }
    quantities("Limits", &container["resources"]["limits"], inner, lines);
    quantities("Requests", &container["resources"]["requests"], inner, lines);
    environment_from(items(&container["envFrom"]), inner, lines);
    environment(items(&container["env"]), inner, lines);
    mounts(items(&container["volumeMounts"]), inner, lines);
}

fn ports(container: &Value, field: &str) -> String {
    let port = |port: &Value| {
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        format!("{}/{protocol}", port[field].as_i64().unwrap_or(0))
    };
    let ports: Vec<String> = items(&container["ports"]).iter().map(port).collect();
    if ports.is_empty() { "<none>".to_owned() } else { ports.join(", ") }
}

fn words(title: &str, words: &Value, level: usize, lines: &mut Lines) {
    if items(words).is_empty() {
        return;
    }
    lines.add(level, &format!("{title}:"));
    for word in items(words) {
        for line in text_of(word).lines() {
            lines.add(level + 1, line);
        }
    }
}

fn state(title: &str, state: &Value, level: usize, lines: &mut Lines) {
    let inner = level + 1;
    if let Some(running) = state.get("running") {
        lines.field(level, title, "Running");
        lines.field(inner, "Started", &time_of(&running["startedAt"]));
    } else if let Some(waiting) = state.get("waiting") {
        lines.field(level, title, "Waiting");
        lines.field_if(inner, "Reason", &waiting["reason"]);
    } else if let Some(ended) = state.get("terminated") {
        lines.field(level, title, "Terminated");
        lines.field_if(inner, "Reason", &ended["reason"]);
        let message = text_of(&ended["message"]);
        if !message.is_empty() {
            lines.field(inner, "Message", &message.trim_end().replace('\n', " "));
        }
        lines.field(inner, "Exit Code", &ended["exitCode"].as_i64().unwrap_or(0).to_string());
        lines.field_if(inner, "Signal", &ended["signal"]);
        lines.field(inner, "Started", &time_of(&ended["startedAt"]));
        lines.field(inner, "Finished", &time_of(&ended["finishedAt"]));
    } else {
        lines.field(level, title, "Waiting");
    }
}

fn quantities(title: &str, quantities: &Value, level: usize, lines: &mut Lines) {
    let Some(map) = quantities.as_object().filter(|map| !map.is_empty()) else { return };
    lines.add(level, &format!("{title}:"));
    for (name, quantity) in map {
        lines.field(level + 1, name, &text_of(quantity));
    }
}

fn environment_from(sources: &[Value], level: usize, lines: &mut Lines) {
    if sources.is_empty() {
        return;
    }
    lines.add(level, "Environment Variables from:");
    for source in sources {
        let (kind, object) = match source.get("configMapRef") {
            Some(object) => ("ConfigMap", object),
            None => ("Secret", &source["secretRef"]),
        };
        let prefix = text_of(&source["prefix"]);
        let with = if prefix.is_empty() { prefix } else { format!(" with prefix '{prefix}'") };
        let optional = object["optional"].as_bool().unwrap_or(false);
        lines.add(
            level + 1,
            &format!("{}\t{kind}{with}\tOptional: {optional}", text_of(&object["name"])),
        );
    }
}

/// Values of Secrets are named and never shown.
fn environment(variables: &[Value], level: usize, lines: &mut Lines) {
    if variables.is_empty() {
        return lines.field(level, "Environment", "<none>");
    }
    lines.add(level, "Environment:");
    for variable in variables {
        let name = text_of(&variable["name"]);
        let from = &variable["valueFrom"];
        let reference = |what: &str| &from[what];
        let text = if from["fieldRef"].is_object() {
            let field = reference("fieldRef");
            format!(
                " ({}:{})",
                field["apiVersion"].as_str().unwrap_or("v1"),
                text_of(&field["fieldPath"])
            )
        } else if from["resourceFieldRef"].is_object() {
            let field = reference("resourceFieldRef");
            format!("{} ({})", text_of(&field["divisor"]), text_of(&field["resource"]))
        } else if from["secretKeyRef"].is_object() {
            let key = reference("secretKeyRef");
            let optional = key["optional"].as_bool().unwrap_or(false);
            let (key, object) = (text_of(&key["key"]), text_of(&key["name"]));
            format!("<set to the key '{key}' in secret '{object}'>\tOptional: {optional}")
        } else if from["configMapKeyRef"].is_object() {
            let key = reference("configMapKeyRef");
            let optional = key["optional"].as_bool().unwrap_or(false);
            let (key, object) = (text_of(&key["key"]), text_of(&key["name"]));
            format!("<set to the key '{key}' of config map '{object}'>\tOptional: {optional}")
        } else {
            let value = text_of(&variable["value"]);
            let mut parts = value.split('\n');
            lines.field(level + 1, &name, parts.next().unwrap_or_default());
            for part in parts {
                lines.add(level + 1, &format!("\t{part}"));
            }
            continue;
        };
        lines.field(level + 1, &name, &text);
    }
}

fn mounts(mounts: &[Value], level: usize, lines: &mut Lines) {
    if mounts.is_empty() {
        return lines.field(level, "Mounts", "<none>");
    }
    lines.add(level, "Mounts:");
    let mut texts: Vec<String> = mounts.iter().map(mount).collect();
    texts.sort();
    for text in texts {
        lines.add(level + 1, &text);
    }
}

fn mount(mount: &Value) -> String {
    let access = if mount["readOnly"] == true { "ro" } else { "rw" };
    let sub_path = text_of(&mount["subPath"]);
    let path = if sub_path.is_empty() { sub_path } else { format!(",path=\"{sub_path}\"") };
    format!("{} from {} ({access}{path})", text_of(&mount["mountPath"]), text_of(&mount["name"]))
}

/// Adds volumes.
pub(super) fn volumes(volumes: &[Value], level: usize, lines: &mut Lines) {
    if volumes.is_empty() {
        return lines.field(level, "Volumes", "<none>");
    }
    lines.add(level, "Volumes:");
    for volume in volumes {
        let indent = if level == 0 { "" } else { " " };
        lines.add(1, &format!("{indent}{}:", text_of(&volume["name"])));
        describe_volume(volume, 2, lines);
    }
}

fn describe_volume(volume: &Value, level: usize, lines: &mut Lines) {
    let source = volume.as_object().into_iter().flatten().find(|(key, _)| *key != "name");
    let Some((kind, source)) = source else { return lines.field(level, "Type", "<unknown>") };
    let optional = source["optional"].as_bool().unwrap_or(false).to_string();
    match kind.as_str() {
        "persistentVolumeClaim" => {
            lines.field(
                level,
                "Type",
                "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
            );
            lines.field(level, "ClaimName", &text_of(&source["claimName"]));
            lines.field(
                level,
                "ReadOnly",
                &source["readOnly"].as_bool().unwrap_or(false).to_string(),
            );
        }
        "emptyDir" => {
            lines.field(
                level,
                "Type",
                "EmptyDir (a temporary directory that shares a pod's lifetime)",
            );
            lines.field(level, "Medium", &text_of(&source["medium"]));
            let limit = text_of(&source["sizeLimit"]);
            lines.field(level, "SizeLimit", if limit.is_empty() { "<unset>" } else { &limit });
        }
        "hostPath" => {
            lines.field(level, "Type", "HostPath (bare host directory volume)");
            lines.field(level, "Path", &text_of(&source["path"]));
            lines.field(level, "HostPathType", &text_of(&source["type"]));
        }
        "configMap" => {
            lines.field(level, "Type", "ConfigMap (a volume populated by a ConfigMap)");
            lines.field(level, "Name", &text_of(&source["name"]));
            lines.field(level, "Optional", &optional);
        }
        "secret" => {
            lines.field(level, "Type", "Secret (a volume populated by a Secret)");
            lines.field(level, "SecretName", &text_of(&source["secretName"]));
            lines.field(level, "Optional", &optional);
        }
        "downwardAPI" => {
            lines.field(
                level,
                "Type",
                "DownwardAPI (a volume populated by information about the pod)",
            );
        }
        "projected" => {
            lines.field(
                level,
                "Type",
                "Projected (a volume that contains injected data from multiple sources)",
            );
        }
        other => lines.field(level, "Type", other),
    }
}
