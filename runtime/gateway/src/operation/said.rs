//! What a request says about whose task it is, wherever its binding puts it.

/// What one field means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// The tenant.
    Tenant,
    /// The task's id.
    Task,
    /// The context's id.
    Context,
    /// The id of a push notification configuration.
    Config,
    /// The id of another task that the message refers to. The only field that may come repeatedly.
    Reference,
    /// `tasks/TASK`.
    TaskName,
    /// `tasks/TASK`, with or without `/pushNotificationConfigs`.
    ParentName,
    /// `tasks/TASK/pushNotificationConfigs/CONFIG`.
    ConfigName,
}

/// Two places of one request name different things, or a name is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contradiction;

/// What has been found so far. An empty text counts as absent, as in protobuf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) tenant: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) context: Option<String>,
    pub(crate) config: Option<String>,
    pub(crate) references: Vec<String>,
    /// A message is there, whatever it says.
    pub(crate) message: bool,
    /// The media types of the message's parts, where they were read.
    pub(crate) media_types: Option<Vec<String>>,
    /// A push notification configuration comes with the message.
    pub(crate) push: bool,
}

impl Said {
    /// Takes a field's text.
    ///
    /// SECURITY: what the path, the query and the body say has to be the same; of two ids a server
    /// takes one, and another server the other.
    pub(crate) fn take(&mut self, slot: Slot, text: &str) -> Result<(), Contradiction> {
        if text.is_empty() {
            return Ok(());
        }
        match slot {
            Slot::Tenant => agree(&mut self.tenant, text),
            Slot::Task => agree(&mut self.task, text),
            Slot::Context => agree(&mut self.context, text),
            Slot::Config => agree(&mut self.config, text),
            Slot::Reference => {
                self.references.push(text.to_owned());
                Ok(())
            }
            Slot::TaskName | Slot::ParentName | Slot::ConfigName => self.take_name(slot, text),
        }
    }

    /// Takes a resource name. SPEC: A2A 0.3.0, the comments of its protobuf definition.
    fn take_name(&mut self, slot: Slot, name: &str) -> Result<(), Contradiction> {
        let mut parts = name.split('/');
        let (kind, task, configs) = (parts.next(), parts.next(), parts.next());
        let (config, more) = (parts.next(), parts.next());
        let task = task.filter(|task| !task.is_empty()).ok_or(Contradiction)?;
        let configs_fit = match (slot, configs, config) {
            (Slot::TaskName | Slot::ParentName, None, None) => true,
            (Slot::ParentName, Some(CONFIGS), None) => true,
            // The official Python SDK writes a name without an id for a configuration that has none.
            (Slot::ConfigName, Some(CONFIGS), Some(_)) => true,
            _ => false,
        };
        if kind != Some("tasks") || !configs_fit || more.is_some() {
            return Err(Contradiction);
        }
        agree(&mut self.task, task)?;
        let config = config.filter(|config| !config.is_empty());
        config.map_or(Ok(()), |config| agree(&mut self.config, config))
    }
}

const CONFIGS: &str = "pushNotificationConfigs";

fn agree(known: &mut Option<String>, text: &str) -> Result<(), Contradiction> {
    match known {
        Some(known) if known != text => Err(Contradiction),
        Some(_) => Ok(()),
        None => {
            *known = Some(text.to_owned());
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Contradiction, Said, Slot};

    #[test]
    fn what_is_said_twice_has_to_be_the_same() {
        let mut said = Said::default();
        assert_eq!(said.take(Slot::Task, "a"), Ok(()));
        assert_eq!(said.take(Slot::TaskName, "tasks/a"), Ok(()));
        assert_eq!(said.take(Slot::Task, ""), Ok(()));
        for (slot, text) in [
            (Slot::Task, "b"),
            (Slot::TaskName, "tasks/b"),
            (Slot::ParentName, "tasks/b/pushNotificationConfigs"),
            (Slot::ConfigName, "tasks/b/pushNotificationConfigs/c"),
        ] {
            assert_eq!(said.take(slot, text), Err(Contradiction), "{slot:?} {text}");
        }
        assert_eq!(said, Said { task: Some("a".into()), ..Said::default() });
    }

    #[test]
    fn resource_names_are_read_exactly() {
        let take = |slot, name: &str| {
            let mut said = Said::default();
            said.take(slot, name).map(|()| (said.task, said.config))
        };
        let config = "tasks/t/pushNotificationConfigs/c";
        assert_eq!(take(Slot::ConfigName, config), Ok((Some("t".into()), Some("c".into()))));
        let unnamed = take(Slot::ConfigName, "tasks/t/pushNotificationConfigs/");
        assert_eq!(unnamed, Ok((Some("t".into()), None)));
        assert!(take(Slot::ParentName, "tasks/t").is_ok());
        for (slot, name) in [
            (Slot::TaskName, "t"),
            (Slot::TaskName, "tasks/"),
            (Slot::TaskName, "tasks/t/"),
            (Slot::TaskName, "Tasks/t"),
            (Slot::TaskName, "/tasks/t"),
            (Slot::TaskName, "tasks/t/x"),
            (Slot::TaskName, config),
            (Slot::ParentName, config),
            (Slot::ConfigName, "tasks/t"),
            (Slot::ConfigName, "tasks/t/pushNotificationConfigs/c/d"),
        ] {
            assert_eq!(take(slot, name), Err(Contradiction), "{slot:?} {name}");
        }
    }
}
