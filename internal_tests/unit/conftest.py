"""How property tests run: on a busy machine an example may take long without the property being wrong."""

import hypothesis

hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")
