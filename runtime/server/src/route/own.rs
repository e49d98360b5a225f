//! From a path to what is asked of this host's own resources, which are no objects of the store: images, tokens
//! and what pods use.

use http::Method;
use jobling_core::api::ApiError;

use super::path::{not_allowed, read_only, unknown_path};
use super::{CollectionVerb, ItemVerb, Route, TransferWay};

/// Returns what is asked of the meters of running pods.
pub(super) fn metrics(method: &Method, rest: &[&str]) -> Result<Route, ApiError> {
    let text = |text: &str| text.to_owned();
    match *rest {
        ["pods"] => read_only(method, Route::AllMetrics { namespace: None }),
        ["namespaces", namespace, "pods"] => {
            read_only(method, Route::AllMetrics { namespace: Some(text(namespace)) })
        }
        ["namespaces", namespace, "pods", name] => {
            let (namespace, name) = (text(namespace), text(name));
            read_only(method, Route::Metrics { namespace, name })
        }
        _ => Err(unknown_path()),
    }
}

/// Returns what is asked of this host's own resources; `None` where they are none of these.
pub(super) fn own(method: &Method, rest: &[&str]) -> Option<Result<Route, ApiError>> {
    match *rest {
        ["tokens", ref rest @ ..] => Some(tokens(method, rest)),
        ["images", ref rest @ ..] => Some(images(method, rest)),
        _ => None,
    }
}

fn tokens(method: &Method, rest: &[&str]) -> Result<Route, ApiError> {
    match *rest {
        [] => match *method {
            Method::GET | Method::HEAD => Ok(Route::Tokens { verb: CollectionVerb::List }),
            Method::POST => Ok(Route::Tokens { verb: CollectionVerb::Create }),
            _ => Err(not_allowed()),
        },
        [name] => Ok(Route::Token { name: name.to_owned(), verb: get_or_delete(method)? }),
        _ => Err(unknown_path()),
    }
}

fn images(method: &Method, rest: &[&str]) -> Result<Route, ApiError> {
    match *rest {
        [] if *method == Method::DELETE => Ok(Route::PruneImages),
        [] => read_only(method, Route::Images),
        [name, way @ ("pull" | "push")] => match *method {
            Method::POST => Ok(Route::ImageTransfer {
                name: name.to_owned(),
                way: if way == "pull" { TransferWay::Pull } else { TransferWay::Push },
            }),
            _ => Err(not_allowed()),
        },
        [name] => Ok(Route::Image { name: name.to_owned(), verb: get_or_delete(method)? }),
        [name, "content"] => match *method {
            Method::PUT | Method::POST => Ok(Route::ImageContent { name: name.to_owned() }),
            _ => Err(not_allowed()),
        },
        _ => Err(unknown_path()),
    }
}

fn get_or_delete(method: &Method) -> Result<ItemVerb, ApiError> {
    match *method {
        Method::GET | Method::HEAD => Ok(ItemVerb::Get),
        Method::DELETE => Ok(ItemVerb::Delete),
        _ => Err(not_allowed()),
    }
}
